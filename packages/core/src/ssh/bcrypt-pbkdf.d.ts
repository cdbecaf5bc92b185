declare module "bcrypt-pbkdf" {
  /** @returns 0, or -1 where an argument is out of its range */
  export function pbkdf(
    passphrase: Uint8Array,
    passphraseLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number;
}
