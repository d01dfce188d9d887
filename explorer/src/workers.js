/* Monaco's workers as files of our own origin: without them it would work on the page's own thread,
   and workers from a blob: URL are what the page's policy refuses. */
import JsonWorker from "monaco-editor/esm/vs/language/json/json.worker.js?worker";
import GraphQLWorker from "monaco-graphql/esm/graphql.worker.js?worker";

// Monaco's plain editor worker is a part of each language's, so the JSON one serves for it too.
globalThis.MonacoEnvironment = {
  getWorker: (_moduleId, label) => (label === "graphql" ? new GraphQLWorker() : new JsonWorker()),
};
