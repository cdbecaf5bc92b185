// Whether the store is sound, and the same in each of its copies.
import { pstoreServer } from "@pstore/e2e/support/executables";
import { run } from "@pstore/e2e/support/process";

/** @param copies URLs of databases, that nobody writes to. @returns what is wrong, a sentence each, and the digest */
export async function checkCopies(
  copies: readonly string[],
): Promise<{ readonly faults: readonly string[]; readonly digest: string }> {
  const checks = await Promise.all(
    copies.map((url) => run([pstoreServer, "check", "--deep", "--database", url], { timeout: 600_000 })),
  );
  const faults = checks.flatMap(({ code, text, stderr }, at) =>
    code === 0 ? [] : [`copy ${at + 1} is not sound: ${text}${stderr}`],
  );
  const digests = checks.map(({ text }) => /^digest\s+(\S+)$/m.exec(text)?.[1] ?? "none");
  if (new Set(digests).size > 1) {
    const tables = checks.map(({ text }) => text).join("\n");
    faults.push(`the copies hold different things:\n${tables}`);
  }
  return { faults, digest: digests[0] ?? "none" };
}
