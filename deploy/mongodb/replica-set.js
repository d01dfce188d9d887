// Makes one mongod a replica set of one, and the user that the API is. Safe to run again: it is, at
// every `docker compose up`, and then only sets the user's password and roles to what .env says.

const root = encodeURIComponent(process.env.MONGO_ROOT_PASSWORD);
const uri = `mongodb://root:${root}@mongodb:27017/admin?directConnection=true&serverSelectionTimeoutMS=2000`;

// The image's first start answers its health check for a moment before it listens to others. A wrong
// password does not get better by waiting.
function connect(attempts) {
  for (let left = attempts; ; left -= 1) {
    try {
      return new Mongo(uri);
    } catch (error) {
      if (left <= 1 || error.codeName === "AuthenticationFailed") throw error;
      sleep(1000);
    }
  }
}

const client = connect(60);
const admin = client.getDB("admin");

try {
  admin.adminCommand({
    replSetInitiate: { _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] },
  });
  print("replica set rs0 initiated");
} catch (error) {
  if (error.codeName !== "AlreadyInitialized") throw error;
}

for (let left = 60; !admin.hello().isWritablePrimary; left -= 1) {
  if (left <= 0) throw new Error("mongodb:27017 did not become primary within 60 s");
  sleep(1000);
}

// dbAdmin is what collection validators need beyond reading, writing and indexes.
const database = client.getDB("isthmus");
const user = { pwd: process.env.MONGO_PASSWORD, roles: ["readWrite", "dbAdmin"] };
if (database.getUser("isthmus")) {
  database.updateUser("isthmus", user);
} else {
  database.createUser({ user: "isthmus", ...user });
  print("user isthmus created");
}
