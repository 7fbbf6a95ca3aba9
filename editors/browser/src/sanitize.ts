// The HTML of a hover: of what the server sends as Markdown only plain elements stay, without attributes.

const ALLOWED = new Set(["P", "BR", "HR", "PRE", "CODE", "EM", "STRONG", "UL", "OL", "LI", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD", "H1", "H2", "H3", "H4", "BLOCKQUOTE", "SPAN", "DEL"]);

export function clean(html: string): string {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const each of [...body.querySelectorAll("*")]) {
    if (!ALLOWED.has(each.tagName)) each.replaceWith(document.createTextNode(each.textContent ?? ""));
    else for (const {name} of [...each.attributes]) if (name !== "class") each.removeAttribute(name);
  }
  return body.innerHTML;
}
