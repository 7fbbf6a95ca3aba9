/** Which program is the server: that of the settings, of the chosen Python environment, or of the PATH. */

import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import * as vscode from "vscode";

interface Environments {
  getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
  resolveEnvironment(path: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
}

/** The command that `lsp` is added to. */
export async function findServer(path: string): Promise<[string, ...string[]]> {
  if (path !== "") {
    return [path.startsWith("~/") ? join(homedir(), path.slice(2)) : path];
  }
  const python = await chosenPython();
  if (python !== undefined) {
    const beside = join(dirname(python), process.platform === "win32" ? "netspec.exe" : "netspec");
    if (existsSync(beside)) {
      return [beside];
    }
  }
  return ["netspec"];
}

/** The interpreter that the extension "Python" has chosen for this workspace, if that extension is there. */
async function chosenPython(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<{ environments?: Environments }>("ms-python.python");
  if (extension === undefined) {
    return undefined;
  }
  try {
    const { environments } = await extension.activate();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const path = environments?.getActiveEnvironmentPath(folder);
    const found = path === undefined ? undefined : await environments?.resolveEnvironment(path);
    return found?.executable.uri?.fsPath;
  } catch {
    return undefined;
  }
}
