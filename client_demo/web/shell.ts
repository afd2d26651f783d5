/** What the build puts around the script: the page's inline beginning, and the service worker. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type OutputBundle, rolldown } from "rolldown";
import type { Plugin } from "vite";

const MARK = "/* Roomful's service worker */";
const FONT = /instrument-sans-latin-wght-normal-.*\.woff2$/;
/** Files of `public/` that a board without a network shows. */
const PUBLIC = ["favicon.svg", "manifest.webmanifest"];

/**
 * Puts `src/early.ts` into the page, and makes it drawable at once: its style sheet, which would hold up the outline,
 * comes after it, and the font's request does not wait for the style sheet.
 */
export function beginning(): Plugin {
  return {
    name: "beginning",
    transformIndexHtml: {
      order: "post",
      async handler(html, { bundle }) {
        const early = await compiled("src/early.ts");
        const sheets = html.match(/ *<link rel="stylesheet"[^>]*>\n/g) ?? [];
        for (const sheet of sheets) html = html.replace(sheet, "");
        const font = Object.keys(bundle ?? {}).find((name) => FONT.test(name));
        const preload = `<link rel="preload" as="font" type="font/woff2" crossorigin fetchpriority="low" href="./${font}" />`;
        return html
          .replace("<!-- early -->", () => `<script>${early}</script>`)
          .replace("<!-- font -->", () => (font ? preload : ""))
          .replace("</body>", () => `${sheets.join("")}  </body>`);
      },
    },
  };
}

/** Writes `sw.js`, which knows the files of this build. */
export function worker(): Plugin {
  return {
    name: "worker",
    apply: "build",
    generateBundle: {
      order: "post",
      async handler(_, bundle) {
        const build = JSON.stringify(describe(bundle));
        const code = await compiled("src/worker/worker.ts", { BUILD: build, MARK: JSON.stringify(MARK) });
        this.emitFile({ type: "asset", fileName: "sw.js", source: `${MARK}\n${code}\n` });
      },
    },
  };
}

function describe(bundle: OutputBundle): { version: string; shell: string[]; rest: string[]; entry: string } {
  const hash = createHash("sha256");
  const names = Object.keys(bundle).sort();
  let entry = "";
  const first = new Set<string>(["", ...PUBLIC]);
  for (const name of names) {
    const file = bundle[name]!;
    hash.update(name).update(file.type === "chunk" ? file.code : file.source);
    if (FONT.test(name)) first.add(name);
    if (file.type !== "chunk" || !file.isEntry) continue;
    entry = name;
    const sheets = (file as { viteMetadata?: { importedCss: Set<string> } }).viteMetadata?.importedCss ?? [];
    for (const each of [...importedBy(bundle, name), ...sheets]) first.add(each);
  }
  for (const name of PUBLIC) hash.update(readFileSync(fileURLToPath(new URL(`public/${name}`, import.meta.url))));
  hash.update(readFileSync(fileURLToPath(new URL("src/worker/worker.ts", import.meta.url))));
  const rest = names.filter((name) => name !== "index.html" && !first.has(name) && !name.endsWith(".map"));
  return { version: hash.digest("hex").slice(0, 16), shell: [...first], rest, entry };
}

/** The chunk and all that it imports, directly or not. */
function importedBy(bundle: OutputBundle, name: string, found = new Set<string>()): Set<string> {
  const file = bundle[name];
  if (file?.type !== "chunk" || found.has(name)) return found;
  found.add(name);
  for (const each of file.imports) importedBy(bundle, each, found);
  return found;
}

async function compiled(path: string, define: Record<string, string> = {}): Promise<string> {
  const input = fileURLToPath(new URL(path, import.meta.url));
  const bundle = await rolldown({ input, transform: { define }, logLevel: "silent" });
  const { output } = await bundle.generate({ format: "iife", minify: true });
  return output[0].code.trim();
}
