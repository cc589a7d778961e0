// Healthy is: the member of our replica set that takes writes. The first time, the set is made here:
// without one there are no change streams and no majority.
const fs = require("fs");
const password = fs.readFileSync("/run/job-processor/mongodb-root-password", "utf8").trim();

db.getSiblingDB("admin").auth("root", password);
try {
  rs.status();
} catch (error) {
  if (error.codeName !== "NotYetInitialized") throw error;
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongodb:27017" }] });
}
const hello = db.hello();
quit(hello.setName === "rs0" && hello.isWritablePrimary ? 0 : 1);
