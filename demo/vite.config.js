import { createHash } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const local = (path) => fileURLToPath(new URL(path, import.meta.url));

// What the build was made of, by which a test sees that it is the sources' own.
const sources = {
  name: "sources",
  generateBundle() {
    const paths = [
      "index.html",
      "package-lock.json",
      "tsconfig.json",
      "vite.config.js",
      ...readdirSync(local("src")).map((name) => `src/${name}`),
    ].sort();
    const lines = paths.map((path) => {
      const hash = createHash("sha256").update(readFileSync(local(path))).digest("hex");
      return `${hash}  ${path}\n`;
    });
    this.emitFile({ type: "asset", fileName: "SOURCES.sha256", source: lines.join("") });
  },
  // The accessibility checker runs in the tests, in the version that the lock names.
  closeBundle() {
    copyFileSync(local("node_modules/axe-core/axe.min.js"), local("../tests/demo/axe.min.js"));
  },
};

export default defineConfig({
  base: "/demo/static/",
  logLevel: "warn",
  plugins: [sources],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: local("../app/api/static/demo"),
    emptyOutDir: true,
    assetsDir: "",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    license: { fileName: "LICENSES.md" },
    modulePreload: { polyfill: false },
    target: "es2022",
  },
});
