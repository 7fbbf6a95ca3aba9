/** The extension: starts `netspec lsp` and hands it the specs that are open. */

import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, type ServerOptions, Trace } from "vscode-languageclient/node";
import { findServer } from "./server";

const SELECTOR = [
  { scheme: "file", language: "netspec" },
  { scheme: "file", language: "yaml" },
  { scheme: "untitled", language: "netspec" },
];

let client: LanguageClient | undefined;
let watcher: vscode.FileSystemWatcher | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("netspec.restart", restart),
    vscode.commands.registerCommand("netspec.showSummary", () => run("netspec.summary")),
    vscode.commands.registerCommand("netspec.showGraph", () => run("netspec.graph")),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("netspec.path") || change.affectsConfiguration("netspec.arguments")) {
        void restart();
      }
    }),
  );
  await start();
  if (watcher !== undefined) {
    context.subscriptions.push(watcher);
  }
}

export async function deactivate(): Promise<void> {
  const ended = client;
  client = undefined;
  await ended?.stop();
}

async function start(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("netspec");
  const [command, ...first] = await findServer(settings.get("path", ""));
  const further = settings.get<string[]>("arguments", []);
  const server: ServerOptions = { command, args: [...first, "lsp", ...further] };
  watcher ??= vscode.workspace.createFileSystemWatcher("**/*.{yaml,yml}");
  const options: LanguageClientOptions = { documentSelector: SELECTOR, synchronize: { fileEvents: watcher } };
  const started = new LanguageClient("netspec", "netspec", server, options);
  client = started;
  try {
    await started.start();
    await started.setTrace(Trace.fromString(settings.get("trace.server", "off")));
  } catch (error) {
    client = undefined;
    const shown = `${[command, ...first].join(" ")} lsp could not be started: ${reason(error)}`;
    const answer = await vscode.window.showErrorMessage(`netspec: ${shown}. pip install 'netspec[lsp]' brings it.`, "Settings");
    if (answer !== undefined) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "netspec.path");
    }
  }
}

async function restart(): Promise<void> {
  await deactivate();
  await start();
}

/** Runs a command of the server on the text that is being edited. */
async function run(command: string): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (client === undefined || uri === undefined) {
    return;
  }
  const written = await client.sendRequest("workspace/executeCommand", { command, arguments: [uri.toString()] });
  if (written === null) {
    void vscode.window.showInformationMessage("netspec: this file is no spec, it has no key `netspec`.");
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
