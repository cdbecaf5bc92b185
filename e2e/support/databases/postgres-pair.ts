// A PostgreSQL primary, and a standby that has every commit before it is acknowledged.
import { PostgresCluster, type PostgresOptions } from "./postgres.ts";
import { databaseUrl, type UrlOptions } from "./url.ts";

export class PostgresPair implements AsyncDisposable {
  readonly primary: PostgresCluster;
  readonly standby: PostgresCluster;

  private constructor(primary: PostgresCluster, standby: PostgresCluster) {
    this.primary = primary;
    this.standby = standby;
  }

  /** Makes both, and resolves when the standby follows. The settings are the primary's. */
  static async start({ settings = {}, tls = false }: PostgresOptions = {}): Promise<PostgresPair> {
    // Settings of the command line are not copied: else the standby, once promoted, would wait for one of its own.
    const synchronous = { ...settings, synchronous_standby_names: "*" };
    const primary = await PostgresCluster.start({ settings: synchronous, tls });
    let standby: PostgresCluster | undefined;
    try {
      standby = await PostgresCluster.standbyOf(primary);
      const following = "select count(*) from pg_stat_replication where sync_state = 'sync'";
      await primary.until("has a synchronous standby", following, (count) => count === "1");
      return new PostgresPair(primary, standby);
    } catch (error) {
      await standby?.close();
      await primary.close();
      throw error;
    }
  }

  /** The URL of a database at both, first the primary. */
  url(database: string, { user, password, parameters }: Omit<UrlOptions, "socket"> = {}): string {
    const { primary, standby } = this;
    return databaseUrl({
      scheme: "postgres",
      user: user ?? primary.user,
      password: password ?? primary.password,
      ports: [primary.port, standby.port],
      database,
      parameters,
    });
  }

  createDatabase(name: string): Promise<void> {
    return this.primary.createDatabase(name);
  }

  /** Ends all processes of the primary with SIGKILL. It must not come back once the standby was promoted. */
  killPrimary(): Promise<void> {
    return this.primary.kill();
  }

  /** Makes the standby the primary; resolves when it takes writes. */
  promote(): Promise<void> {
    return this.standby.promote();
  }

  async close(): Promise<void> {
    await this.standby.close();
    await this.primary.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
