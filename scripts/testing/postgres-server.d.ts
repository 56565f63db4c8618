/** A real PostgreSQL for tests and stress runs: its own folder, a free loopback port, gone afterwards. */
/** A running server. */
export interface PostgresServer {
    readonly url: string;
    /** A URL under which everything lives in a schema of its own, which is made here. */
    schemaUrl(name: string): Promise<string>;
    stop(): Promise<void>;
}
/** Starts the newest server found. Rejects with what to install if there is none. */
export declare function startPostgres(): Promise<PostgresServer>;
