// A cluster of MariaDB servers that all take writes: Galera, as Debian's packages have it.
import { MariaDbServer } from "./mariadb.ts";
import { freePort } from "./ports.ts";
import { databaseUrl, type UrlOptions } from "./url.ts";

export interface GaleraOptions {
  /** Default: 3, the least of which one can fail. */
  readonly nodes?: number;
  /** Options of every `mariadbd`, without the dashes. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Where the nodes speak with each other, each at a port of its own. */
interface Ports {
  readonly group: number;
  readonly incremental: number;
  readonly whole: number;
}

const provider = "/usr/lib/galera/libgalera_smm.so";
const stateQuery = "show status like 'wsrep_local_state_comment'";

export class GaleraNode {
  readonly server: MariaDbServer;

  constructor(server: MariaDbServer) {
    this.server = server;
  }

  query(sql: string, database?: string): Promise<string> {
    return this.server.query(sql, database);
  }

  /** Ends the node with SIGKILL. The others stop writing until they have agreed that it is gone, which takes some seconds. */
  kill(): Promise<void> {
    return this.server.kill();
  }

  /** Has the node hear nothing of the others, nor they of it, until it shall again. */
  async isolate(isIsolated: boolean): Promise<void> {
    await this.query(`set global wsrep_provider_options = 'gmcast.isolate=${isIsolated ? 1 : 0}'`);
  }

  /** Lets the node finish and leave the cluster. */
  stop(): Promise<void> {
    return this.server.stop();
  }

  /**
   * Starts the node again, and resolves when it has all that the others have. What it lacks comes alone where a node still
   * holds it, else the whole database comes.
   */
  async rejoin(): Promise<void> {
    // As Debian's systemd unit does: a killed node does not know how far it was before its storage is read.
    const log = await this.server.once(["--wsrep-recover"]);
    const position = /WSREP: Recovered position:?\s*(\S+:-?\d+)/.exec(log)?.[1];
    await this.join(position === undefined ? [] : [`--wsrep-start-position=${position}`]);
  }

  /** Starts the node with further options, and resolves when it has all that the others have. */
  async join(further: readonly string[] = []): Promise<void> {
    await this.server.restart(further);
    await this.server.until("is synced", stateQuery, (answer) => answer.endsWith("\tSynced"), 120);
  }
}

export class GaleraCluster implements AsyncDisposable {
  readonly nodes: readonly GaleraNode[];

  private constructor(servers: readonly MariaDbServer[]) {
    this.nodes = servers.map((server) => new GaleraNode(server));
  }

  /** Makes the nodes, and resolves when all are in; three take some ten seconds. */
  static async start({ nodes = 3, settings = {} }: GaleraOptions = {}): Promise<GaleraCluster> {
    const ports = await Promise.all(Array.from({ length: nodes }, nodePorts));
    const servers: MariaDbServer[] = [];
    try {
      for (const own of ports) {
        const options = { settings: { ...nodeSettings(own, ports), ...settings } };
        servers.push(await MariaDbServer.create(options, servers[0]));
      }
      const cluster = new GaleraCluster(servers);
      // One after the other: two at once may first find each other, and then wait for seconds until they join the first.
      for (const [i, node] of cluster.nodes.entries())
        await node.join(i === 0 ? ["--wsrep-new-cluster"] : []);
      await cluster.waitForClusterSize(nodes);
      return cluster;
    } catch (error) {
      await Promise.all(servers.map((server) => server.close()));
      throw error;
    }
  }

  /** The URL of a database at all nodes, `first` being the one that is tried first. */
  url(
    database: string,
    { first = 0, ...options }: { readonly first?: number } & Omit<UrlOptions, "socket"> = {},
  ) {
    const { user, password } = this.#at(first);
    const ports = this.nodes.map((_, i) => this.#at((first + i) % this.nodes.length).port);
    return databaseUrl({ scheme: "mysql", user, password, ports, database, ...options });
  }

  /** The URL of a database at one node alone. */
  urlOf(node: number, database: string, options: UrlOptions = {}): string {
    return this.#at(node).url(database, options);
  }

  createDatabase(name: string): Promise<void> {
    return this.#at(0).createDatabase(name);
  }

  /** Resolves when the node, by default the first, sees so many nodes in a cluster that takes writes. */
  async waitForClusterSize(size: number, node = 0): Promise<void> {
    const sql = "show status where variable_name in ('wsrep_cluster_size', 'wsrep_cluster_status')";
    const expected = `wsrep_cluster_size\t${size}\nwsrep_cluster_status\tPrimary`;
    await this.#at(node).until(`is in a cluster of ${size}`, sql, (answer) => answer === expected);
  }

  /** Ends all nodes and removes everything of them. */
  async close(): Promise<void> {
    await Promise.all(this.nodes.map(({ server }) => server.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #at(node: number): MariaDbServer {
    const server = this.nodes[node]?.server;
    if (server === undefined) throw new Error(`The cluster has no node ${node}.`);
    return server;
  }
}

async function nodePorts(): Promise<Ports> {
  return { group: await freePort(), incremental: await freePort(), whole: await freePort() };
}

function nodeSettings(own: Ports, all: readonly Ports[]): Record<string, string> {
  const options = [
    `base_port=${own.group}`,
    `gmcast.listen_addr=tcp://127.0.0.1:${own.group}`,
    `ist.recv_addr=127.0.0.1:${own.incremental}`,
  ];
  return {
    "wsrep-on": "ON",
    "wsrep-provider": provider,
    "wsrep-provider-options": options.join(";"),
    "wsrep-cluster-name": "pstore-tests",
    "wsrep-cluster-address": `gcomm://${all.map(({ group }) => `127.0.0.1:${group}`).join(",")}`,
    "wsrep-node-address": "127.0.0.1",
    "wsrep-sst-method": "rsync",
    "wsrep-sst-receive-address": `127.0.0.1:${own.whole}`,
    // Galera can do with no others.
    "binlog-format": "ROW",
    "innodb-autoinc-lock-mode": "2",
  };
}
