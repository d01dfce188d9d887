/* How an operation reaches the server: queries and mutations over HTTP, subscriptions over
   graphql-transport-ws at the same address, both with the headers of the tab. */
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { createClient } from "graphql-ws";

const url = "/graphql";
const socketUrl = new URL(url, location.href.replace(/^http/, "ws")).href;

/* A client per operation, which opens its socket only for a subscription: so `connection_init` carries
   the headers of the moment, and a changed token never rides on an older socket. No retries: a socket
   opened again in silence would hide the events missed in between. */
export function fetcher(params, options) {
  const wsClient = createClient({
    url: socketUrl,
    connectionParams: options?.headers,
    retryAttempts: 0,
  });
  return createGraphiQLFetcher({ url, wsClient, enableIncrementalDelivery: false })(params, options);
}
