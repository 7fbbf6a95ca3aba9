// Records of which sources the built files are, which tests/edit/test_built.py compares with those that are there, and
// the licences of what is built in.
import {execSync} from "node:child_process";
import {createHash} from "node:crypto";
import {readFileSync, readdirSync, writeFileSync} from "node:fs";
import {join, relative} from "node:path";

const root = join(import.meta.dirname, "../..");
const own = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"].map(name => join(import.meta.dirname, name));
const inside = folder => readdirSync(folder, {recursive: true, withFileTypes: true})
  .filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
const pictures = inside(join(root, "netspec/render/pictures/browser")).filter(path => /\.(js|css)$/.test(path) && !/page\.(js|css)$/.test(path));
const files = [...own, ...inside(join(import.meta.dirname, "src")), ...pictures];
const names = files.map(path => relative(root, path).replaceAll("\\", "/")).sort();
const lines = names.map(name => `${createHash("sha256").update(readFileSync(join(root, name), "utf8").replaceAll("\r\n", "\n")).digest("hex")}  ${name}\n`);
writeFileSync(join(root, "netspec/edit/static/sources.txt"), lines.join(""));

const listed = execSync("npm ls --omit=dev --all --parseable", {cwd: import.meta.dirname, encoding: "utf8"}).trim().split("\n").slice(1);
const licences = new Map([[readFileSync(join(root, "netspec/render/pictures/browser/dagre.LICENSE.txt"), "utf8").trim(), ["dagre"]]]);
for (const folder of listed.sort()) {
  const {name, version} = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find(each => /^licen[cs]e/i.test(each));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : "MIT";
  licences.set(text, [...(licences.get(text) ?? []), `${name} ${version}`]);
}
const told = [...licences].map(([text, of]) => `${of.join(", ")}\n\n${text}\n`);
writeFileSync(join(root, "netspec/edit/static/licences.txt"), told.join("\n----\n\n"));
