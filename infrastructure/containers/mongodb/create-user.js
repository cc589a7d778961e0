// Runs once, while the database is made: the application gets an account for its own database and nothing else.
const fs = require("fs");
const password = fs.readFileSync("/run/job-processor/mongodb-app-password", "utf8").trim();

db.getSiblingDB("job_processor").createUser({
  user: "job_processor",
  pwd: password,
  roles: [{ role: "readWrite", db: "job_processor" }],
});
