/** What every command of the agent knows. */
export interface AgentFlags {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
}

/** A class of extensions and the root directory that a command is for. */
export interface AgentTarget {
  readonly kind: 'sysext' | 'confext';
  /** Undefined on the running machine. */
  readonly root: string | undefined;
}
