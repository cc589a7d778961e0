// Runs the health check of the database's container against a server that is a JSON file: as much of mongosh as the
// check uses. DIE_AFTER=n ends the process like SIGKILL before its write number n + 1.
const fs = require("fs");
const vm = require("vm");
const [, , script, stateFile, secrets] = process.argv;
const state = JSON.parse(fs.readFileSync(stateFile, "utf8"));
let left = process.env.DIE_AFTER === undefined ? Infinity : Number(process.env.DIE_AFTER);

const fail = (codeName) => Object.assign(new Error(codeName), { codeName });
function write(change) {
  if (left-- <= 0) process.exit(137);
  change();
  fs.writeFileSync(stateFile, JSON.stringify(state));
}
const users = () => Object.keys(state.users).length;

function connection() {
  let who = null;
  // The localhost exception: whoever is not logged in may do this much, as long as nobody has an account.
  const allowed = () => who !== null || users() === 0;
  const database = (name) => ({
    auth(user, pwd) {
      if (state.users[`${name}.${user}`] !== pwd) throw fail("AuthenticationFailed");
      who = user;
      return { ok: 1 };
    },
    getUser(user) {
      if (who !== "root") throw fail("Unauthorized");
      return state.users[`${name}.${user}`] === undefined ? null : { user };
    },
    createUser({ user, pwd }) {
      if (!allowed() || (who === null && name !== "admin")) throw fail("Unauthorized");
      if (!state.initiated) throw fail("NotWritablePrimary");
      write(() => { state.users[`${name}.${user}`] = pwd; });
    },
    updateUser(user, { pwd }) {
      if (who !== "root") throw fail("Unauthorized");
      write(() => { state.users[`${name}.${user}`] = pwd; });
    },
    // state.follows: the set was created on another member, which takes the writes.
    hello: () => ({
      setName: state.initiated ? "rs0" : undefined,
      isWritablePrimary: state.initiated && !state.follows,
      secondary: state.initiated && !!state.follows,
    }),
  });
  return {
    getDB: database,
    status() {
      if (!allowed()) throw fail("Unauthorized");
      if (!state.initiated) throw fail("NotYetInitialized");
    },
    initiate: ({ members }) => write(() => {
      state.initiated = true;
      state.members = members.map(({ host }) => host);
    }),
  };
}

const main = connection();
const sandbox = {
  console,
  process: { env: process.env },
  require: () => ({ readFileSync: (path, form) => fs.readFileSync(path.replace("/run/job-processor", secrets), form) }),
  db: { getSiblingDB: main.getDB, hello: main.getDB("admin").hello },
  rs: { status: main.status, initiate: main.initiate },
  Mongo: function () { return connection(); },
  quit: (code) => process.exit(code),
};
try {
  vm.runInNewContext(fs.readFileSync(script, "utf8"), sandbox);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
