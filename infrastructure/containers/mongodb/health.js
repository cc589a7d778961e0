// Healthy is: the member of our replica set that takes writes, with the application's account in it.
//
// What is missing is made here, step by step, and every step may be repeated: this check runs again and again, so a
// first start that was killed anywhere is finished by the next one. Until there is an account, whoever connects from
// within this container may make the first one (MongoDB's localhost exception); then nobody may without a password.
const fs = require("fs");
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
  // Without a set there are no change streams and no majority.
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
}
const hello = db.hello();
const writable = hello.setName === "rs0" && hello.isWritablePrimary;
if (writable) {
  if (!isRoot) {
    // Refused when there are accounts already: then root's password is another one, and that is for a person.
    admin.createUser({ user: root.user, pwd: root.pwd, roles: ["root"] });
    isRoot = logIn(admin, root);
  }
  const own = db.getSiblingDB("job_processor");
  if (!own.getUser(app.user)) {
    own.createUser({ user: app.user, pwd: app.pwd, roles: [{ role: "readWrite", db: "job_processor" }] });
  } else if (!logIn(new Mongo("mongodb://127.0.0.1:27017/?directConnection=true").getDB("job_processor"), app)) {
    // The file has another password than the account: the file counts.
    own.updateUser(app.user, { pwd: app.pwd });
  }
}
quit(writable && isRoot ? 0 : 1);
