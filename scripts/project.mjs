// node scripts/project.mjs install|build|generate|lint|test|demo|pack|bench|fuzz|soak
//
// What the scripts of package.json call. It needs Node and npm alone: each task installs what it needs first.
import { build } from "./build.mjs";
import { checkAll, lint } from "./check.mjs";
import { benchPackages, installDebianPackages, soakPackages } from "./debian.mjs";
import { install } from "./install.mjs";
import { pack } from "./pack.mjs";
import { bun, Failure, run } from "./workspace.mjs";

/** Runs one of our own TypeScript programs with Bun. */
const script = async (file, args) => (await run([bun, file, ...args])).code;

/** Task → what it does after the installation; resolves to the exit code. */
const tasks = {
  install: async () => 0,
  build: async () => {
    await build();
    return 0;
  },
  generate: () => script("scripts/generate.ts", []),
  lint: async () => ((await lint()) ? 0 : 1),
  test: async (args) => ((await checkAll(args)) ? 0 : 1),
  demo: async (args) => {
    await build();
    return script("scripts/demo.ts", args);
  },
  pack: async () => {
    await build();
    await pack();
    return 0;
  },
  bench: async (args) => {
    await installDebianPackages(benchPackages, "what they are compared with is left out.");
    await build();
    return script("bench/run.ts", args);
  },
  fuzz: async (args) => {
    await build();
    return script("fuzz/run.ts", args);
  },
  soak: async (args) => {
    await installDebianPackages(soakPackages, "what needs them ends with a sentence about it.");
    await build();
    return script("soak/run.ts", args);
  },
};

async function main([task = "", ...args]) {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Failure(`Node 20 or later is needed, this is ${process.version}.`);
  }
  if (!Object.hasOwn(tasks, task)) {
    throw new Failure(`Usage: node scripts/project.mjs ${Object.keys(tasks).join("|")}`);
  }
  await install();
  return tasks[task](args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
