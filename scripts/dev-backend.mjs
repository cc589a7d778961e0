// Runs the backend as a child process; node's watcher restarts this file when a source changes.
import { spawn } from "node:child_process";

const child = spawn(".venv/bin/job-processor", ["serve", "--port", "3000", "--data-dir", "data"], {
  stdio: "inherit",
});
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => child.kill("SIGTERM"));
}
child.on("exit", (code) => process.exit(code ?? 1));
