import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const local = (path) => fileURLToPath(new URL(path, import.meta.url));

// Vite's list of licences knows the modules, and not what the modules and the styles carry along.
const notices = {
  name: "notices",
  generateBundle() {
    const source = [
      "node_modules/@fontsource/fira-code/LICENSE",
      "node_modules/@fontsource/roboto/LICENSE",
      "node_modules/monaco-editor/ThirdPartyNotices.txt",
    ].map((path) => readFileSync(local(path), "utf8"));
    this.emitFile({ type: "asset", fileName: "NOTICES.txt", source: source.join("\n\n") });
  },
};

// GraphiQL names an icon after its component's function, whose name minifying cuts: a reader's "close
// icon" would be a "bu icon". Keeping every name costs 450 kB; these are the ones that are read.
const iconNames = {
  name: "icon-names",
  transform: {
    filter: { id: /@graphiql[\\/]react[\\/]dist[\\/]icons[\\/]index\.js$/ },
    handler: (code) =>
      code.replace(
        /generateIcon\((Svg\w+)\)/g,
        'generateIcon(Object.defineProperty($1, "name", { value: "$1" }))',
      ),
  },
};

export default defineConfig({
  base: "/graphiql/static/",
  logLevel: "warn",
  // As graphql-js asks of bundlers: its development checks fall away.
  define: { "globalThis.process": "true" },
  plugins: [iconNames, notices],
  resolve: {
    alias: {
      "monaco-editor/esm/vs/editor/edcore.main.js": local("src/monaco.js"),
      // Two names of one module, bundled twice otherwise.
      "prettier/parser-graphql": "prettier/plugins/graphql",
      "prettier/parser-babel": local("src/prettier-jsonc.js"),
      "prettier/plugins/estree": local("src/prettier-jsonc.js"),
    },
  },
  build: {
    outDir: local("../app/api/static/explorer"),
    emptyOutDir: true,
    assetsDir: "",
    // Inlined fonts and images would need `data:` in the page's policy.
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    license: { fileName: "LICENSES.md" },
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      // React's "use client" means nothing in a bundle, and a hundred packages say it.
      checks: { moduleLevelDirective: false },
      output: {
        // Monaco's modules import in circles: cut into several files they would start in a wrong order.
        strictExecutionOrder: true,
        // No file above 1 MB; `maxSize` counts before minifying.
        codeSplitting: {
          groups: [
            { name: "monaco", test: /[\\/]monaco-editor[\\/]/, maxSize: 2_000_000 },
            { name: "react", test: /[\\/]node_modules[\\/](react|react-dom|scheduler)[\\/]/ },
          ],
        },
      },
    },
  },
  worker: { format: "es" },
});
