/** What every measurement works with. */
export interface Bench {
  /** Scratch space. */
  readonly directory: string;
  readonly registryHost: string;
  /** Our command, packaged, and the script that does the same with other tools. */
  readonly auroraboot: string;
  readonly reference: string;
  /** Signing key and certificate, PEM files. */
  readonly key: string;
  readonly certificate: string;
  /** Pairs of runs. */
  readonly runs: number;
}
