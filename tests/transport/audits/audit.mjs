// Runs every server audit of graphql-http against the address given, and prints what came of each
// as JSON: [{ id, name, status: "ok" | "notice" | "warn" | "error", reason? }].
// The packages are looked for in the folder given second, where `npm ci` put them.
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, packages] = process.argv.slice(2);
const require = createRequire(join(packages, "package.json"));
const { serverAudits } = require("graphql-http");

const results = [];
for (const audit of serverAudits({ url })) {
  const { id, name, status, reason } = await audit.fn();
  results.push({ id, name, status, reason });
}
console.log(JSON.stringify(results));
