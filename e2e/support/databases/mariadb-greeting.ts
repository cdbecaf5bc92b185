import { connect } from "node:net";

/** Whether a server speaks first at its socket, as MariaDB's protocol has it. */
export function greets(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const end = (answer: boolean) => {
      resolve(answer);
      connection.destroy();
    };
    connection.once("data", () => end(true));
    connection.once("error", () => end(false));
    connection.once("close", () => resolve(false));
  });
}
