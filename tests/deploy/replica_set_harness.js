// Runs replica-set.js against a MongoDB of a few lines and prints what it did, as JSON. The state to
// begin with comes as JSON in the first argument: {initiated, user, refusals, denied, electing}.
"use strict";
const { readFileSync } = require("node:fs");
const { runInNewContext } = require("node:vm");

const state = { calls: [], ...JSON.parse(process.argv[2]) };
const failure = (codeName) => Object.assign(new Error(codeName), { codeName });

class Mongo {
  constructor(uri) {
    state.calls.push(["connect", uri]);
    if (state.denied) throw failure("AuthenticationFailed");
    if (state.refusals-- > 0) throw failure("ECONNREFUSED");
  }

  getDB(name) {
    return {
      adminCommand({ replSetInitiate }) {
        if (state.initiated) throw failure("AlreadyInitialized");
        state.initiated = true;
        state.calls.push(["initiate", name, replSetInitiate]);
      },
      hello: () => ({ isWritablePrimary: state.electing-- <= 0 }),
      getUser: (user) => (state.user === user ? { user } : null),
      createUser: (user) => state.calls.push(["createUser", name, user]),
      updateUser: (user, change) => state.calls.push(["updateUser", name, user, change]),
    };
  }
}

let error = null;
try {
  runInNewContext(readFileSync(process.argv[3], "utf8"), {
    Mongo,
    encodeURIComponent,
    print: () => {},
    process: { env: { MONGO_ROOT_PASSWORD: "r/t", MONGO_PASSWORD: "secret" } },
    sleep: (milliseconds) => state.calls.push(["sleep", milliseconds]),
  });
} catch (thrown) {
  error = thrown.message;
}
console.log(JSON.stringify({ calls: state.calls, error }));
