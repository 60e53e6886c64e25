/** What the configuration of a machine says of its extensions. */
export interface Configuration {
  /** Files with certificates of signers that are trusted besides those of the firmware, PEM or DER. */
  readonly certificateFiles: readonly string[];
  /** Certificates of such signers in the configuration itself. */
  readonly certificates: readonly InlineCertificate[];
  /** Whether signatures are demanded outside of Trusted Boot, too. */
  readonly requireSignatures: boolean;
  /** systemd's image policy for extensions; undefined to leave it to the service. */
  readonly imagePolicy: string | undefined;
  /** The hierarchies to merge; undefined to leave them to the service. */
  readonly hierarchies: readonly string[] | undefined;
  /** Whether merged hierarchies can be written to (systemd-sysext(8), --mutable=); undefined to leave it to the service. */
  readonly mutable: string | undefined;
  readonly proxy: ProxySettings | undefined;
  /** A file with certificate authorities of servers besides the system's, PEM. */
  readonly caFile: string | undefined;
  /** Bytes of the largest image that is downloaded; undefined for the usual limit. */
  readonly downloadLimit: number | undefined;
  /** Seconds that verifying images may hold a boot; undefined for the usual limit. */
  readonly bootTimeout: number | undefined;
}

/** A certificate, and where it was written down. */
export interface InlineCertificate {
  readonly pem: string;
  /** For messages. */
  readonly source: string;
}

/** The proxies that downloads go through. */
export interface ProxySettings {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are reached without. */
  readonly no: string | undefined;
}
