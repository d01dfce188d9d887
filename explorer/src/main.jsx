/* The page: GraphiQL with our fetcher, our first query and, in development, headers that stay. */
import "./workers.js";
import "./page.css";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import defaultQuery from "./default-query.graphql?raw";
import { fetcher } from "./fetcher.js";

const root = document.getElementById("explorer");

createRoot(root).render(
  <GraphiQL
    fetcher={fetcher}
    defaultQuery={defaultQuery}
    defaultEditorToolsVisibility="headers"
    shouldPersistHeaders={root.dataset.persistHeaders === "true"}
  >
    <GraphiQL.Logo>Isthmus</GraphiQL.Logo>
  </GraphiQL>,
);
