// Healthy: this member of the replica set takes writes, and the application's account exists; or it follows one that does.
//
// What is missing is created here. Every step can be repeated, and this check runs again and again, so it finishes a
// first start that was killed half-way. Without any account, a client inside this container may create the first one
// (MongoDB's localhost exception); afterwards every client needs a password.
//
// MONGODB_MEMBERS: the members' addresses, of which the first creates the set; MONGODB_SELF: this member's. Without them
// the set has one member, in the compose file's stack.
const fs = require("fs");
const members = (process.env.MONGODB_MEMBERS || "mongodb:27017").split(",");
const self = process.env.MONGODB_SELF || members[0];
const secret = (name) => fs.readFileSync(`/run/job-processor/${name}`, "utf8").trim();
const admin = db.getSiblingDB("admin");
const root = { user: "root", pwd: secret("mongodb-root-password") };
const app = { user: "job_processor", pwd: secret("mongodb-app-password") };

function logIn(database, account) {
  try {
    return database.auth(account.user, account.pwd).ok === 1;
  } catch (error) {
    if (error.codeName === "AuthenticationFailed") return false;
    throw error;
  }
}

let isRoot = logIn(admin, root);
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  // Two members that create a set would create two sets.
  if (self !== members[0]) quit(1);
  // Without a replica set there are no change streams and no majority. Refused until all members answer.
  rs.initiate({ _id: "rs0", members: members.map((host, _id) => ({ _id, host })) });
}
const hello = db.hello();
const writable = hello.setName === "rs0" && hello.isWritablePrimary;
const follows = hello.setName === "rs0" && hello.secondary && members.length > 1;
if (writable) {
  if (!isRoot) {
    // Refused if there are accounts already: then root has another password, and a person must act.
    admin.createUser({ user: root.user, pwd: root.pwd, roles: ["root"] });
    isRoot = logIn(admin, root);
  }
  const own = db.getSiblingDB("job_processor");
  if (!own.getUser(app.user)) {
    own.createUser({ user: app.user, pwd: app.pwd, roles: [{ role: "readWrite", db: "job_processor" }] });
  } else if (!logIn(new Mongo("mongodb://127.0.0.1:27017/?directConnection=true").getDB("job_processor"), app)) {
    // The file's password differs from the account's: the file wins.
    own.updateUser(app.user, { pwd: app.pwd });
  }
}
quit((writable && isRoot) || follows ? 0 : 1);
