// Runs the bundled extension in Node with as much of VS Code as it asks for: `node vscode.cjs BUNDLE PROGRAM`. Prints
// what VS Code would have been shown as JSON. Of VS Code all that is not defined here is there and does nothing.
const Module = require("node:module");
const [bundle, program] = process.argv.slice(2);
const told = { diagnostics: [], errors: [], commands: [] };
const commands = new Map();
const opened = [];

class EventEmitter {
  listeners = [];
  event = (listener) => (this.listeners.push(listener), { dispose() {} });
  fire(value) {
    for (const listener of this.listeners) listener(value);
  }
  dispose() {}
}
class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}
class Range {
  constructor(start, end, ...more) {
    this.start = more.length ? new Position(start, end) : start;
    this.end = more.length ? new Position(...more) : end;
  }
}
class Diagnostic {
  constructor(range, message, severity) {
    Object.assign(this, { range, message, severity });
  }
}
class Disposable {
  constructor(end = () => {}) {
    this.dispose = end;
  }
}
class CancellationTokenSource {
  token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };
  cancel() {}
  dispose() {}
}
class Uri {
  constructor(text) {
    Object.assign(this, { text, scheme: new URL(text).protocol.slice(0, -1), fsPath: new URL(text).pathname });
  }
  static parse = (text) => new Uri(text);
  static file = (path) => new Uri(`file://${path}`);
  toString = () => this.text;
}
const nothing = () =>
  new Proxy(class {}, {
    get: (target, name) => (name in target || typeof name === "symbol" ? target[name] : name === "then" ? undefined : nothing()),
    apply: () => nothing(),
  });
const called = () => new Disposable();
const withRest = (known) =>
  new Proxy(known, { get: (target, name) => (name in target ? target[name] : /^on|^register|^create/.test(String(name)) ? called : nothing()) });
const document = {
  uri: Uri.parse("file:///nowhere/net.yaml"),
  languageId: "netspec",
  version: 1,
  isClosed: false,
  getText: () => "netspec: 1\ninput: [4]\nlayers: [{Linear: {in_features: 5, out_features: 3}}]\n",
};
const settings = { path: program, arguments: ["--torch", "2.9"], "trace.server": "off" };
const configuration = { get: (key, otherwise) => settings[key] ?? otherwise, inspect: () => undefined };
const vscode = withRest({
  version: "1.91.0",
  EventEmitter, Position, Range, Diagnostic, Disposable, CancellationTokenSource, Uri,
  workspace: withRest({
    textDocuments: [document],
    workspaceFolders: undefined,
    getConfiguration: () => configuration,
    createFileSystemWatcher: () => withRest({ dispose() {} }),
    onDidOpenTextDocument: (listener) => (opened.push(listener), called()),
  }),
  window: withRest({
    visibleTextEditors: [],
    tabGroups: withRest({ all: [] }),
    activeTextEditor: { document },
    createOutputChannel: () => withRest({ append() {}, appendLine() {}, show() {}, dispose() {}, info() {}, error() {}, trace() {} }),
    showErrorMessage: async (message) => void told.errors.push(message),
    showInformationMessage: async (message) => void told.errors.push(message),
  }),
  languages: withRest({
    match: () => 1,
    createDiagnosticCollection: () => ({
      set: (uri, found) => told.diagnostics.push((found ?? []).map((each) => `${each.range.start.line}: ${each.message}`)),
      delete() {}, clear() {}, dispose() {},
    }),
  }),
  commands: withRest({
    registerCommand: (name, run) => (commands.set(name, run), new Disposable()),
    executeCommand: async () => undefined,
  }),
  extensions: withRest({ getExtension: () => undefined, all: [] }),
  env: withRest({ appName: "test", language: "en" }),
  l10n: { t: (text) => text },
});
const load = Module._load;
Module._load = (name, ...rest) => (name === "vscode" ? vscode : load(name, ...rest));

async function until(ready) {
  for (let tries = 0; tries < 600 && !ready(); tries++) await new Promise((resolve) => setTimeout(resolve, 100));
}

(async () => {
  const extension = require(bundle);
  const context = { subscriptions: [], extensionUri: Uri.file("/") };
  await extension.activate(context);
  if (told.errors.length === 0) {
    await until(() => told.diagnostics.length > 0);
    await commands.get("netspec.restart")();
    const before = told.diagnostics.length;
    await until(() => told.diagnostics.length > before);
    await extension.deactivate();
  }
  told.commands = [...commands.keys()].sort();
  console.log(JSON.stringify(told));
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
