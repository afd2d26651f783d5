/** The build: relative addresses, so that it works under any path, and a compressed copy beside every file. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { beginning, worker } from "./shell.ts";

const COMPRESSIBLE = /\.(html|js|css|svg|json|webmanifest)$/;

/** Writes `x.br` and `x.gz` beside each text file; the server sends the one the browser accepts. */
function compressed(): Plugin {
  let folder = "";
  return {
    name: "compressed",
    apply: "build",
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!COMPRESSIBLE.test(name)) continue;
        const path = join(folder, name);
        const text = readFileSync(path);
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        writeFileSync(`${path}.br`, brotliCompressSync(text, quality));
        writeFileSync(`${path}.gz`, gzipSync(text, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: "./",
  build: {
    outDir: "../../server/roomful/board",
    emptyOutDir: true, // outside this folder
    target: "es2022",
    // Texts stand where they are used, without names: 2 KB less in the first load.
    rolldownOptions: {
      optimization: { inlineConst: { mode: "all" } },
      checks: { bundlerTimings: false }, // a newcomer's slow machine is no fault of theirs
    },
    // Everything as its own file: the page's policy allows no inline script, style or font.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // the editor, loaded when a document is first opened
  },
  // One copy each: types of Yjs and ProseMirror recognise each other by their classes.
  resolve: {
    dedupe: ["yjs", "@tiptap/pm", "@tiptap/y-tiptap"],
    // Tiptap would place lists at the caret with it, 5 KB compressed; ours place themselves.
    alias: { "@floating-ui/dom": fileURLToPath(new URL("src/editor/no_placing.ts", import.meta.url)) },
  },
  plugins: [beginning(), worker(), compressed()],
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
