import { expect, test } from "bun:test";
import { readVersion } from "./ssh-program.ts";

test.each([
  ["OpenSSH_9.2p1 Debian-2+deb12u3, OpenSSL 3.0.11 19 Sep 2023\n", true],
  ["OpenSSH_8.4p1 Debian-5+deb11u3, OpenSSL 1.1.1w  11 Sep 2023\n", true],
  ["OpenSSH_10.0p2, LibreSSL 3.3.6\n", true],
  ["OpenSSH_for_Windows_8.6p1, LibreSSL 3.4.3\n", true],
  ["OpenSSH_8.0p1, OpenSSL 1.1.1k  FIPS 25 Mar 2021\n", false],
  ["OpenSSH_7.10p1\n", false],
  ["Dropbear v2022.83\n", null],
  ["", null],
])("%j asks always, also at a terminal: %p", (text, asksAlways) => {
  expect(readVersion(text)).toBe(asksAlways);
});
