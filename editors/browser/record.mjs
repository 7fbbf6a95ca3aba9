// Records of which sources the built files are: tests/edit/test_built.py compares it with the sources that are there.
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
