/** How a pod gets the credential, and under which names. */
export type CredentialDelivery = SecretDelivery | CsiDelivery | AgentDelivery;

/** A Secret, to be mounted as a folder with the files `username`, `password` and `generation`, or read as environment. */
export interface SecretDelivery {
  readonly kind: 'secret';
  readonly secretName: string;
  /** One version in the Secret `<name>-keyturn` of a RotationJob, by its id. Default: the keys stand in the Secret by themselves. */
  readonly version?: string;
}

/** A CSI volume with the files `username`, `password` and `generation`. */
export interface CsiDelivery {
  readonly kind: 'csi';
  readonly secretProviderClass: string;
}

/** A file in the form of a `.env` file, written by an agent beside the container. */
export interface AgentDelivery {
  readonly kind: 'agent';
  readonly file: string;
  readonly podAnnotations: Readonly<Record<string, string>>;
}

/** What was asked for cannot be delivered by what is installed; the message says by what it can. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
}

/** The object that makes a delivery happen, without its metadata. */
export interface DeliveryObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: Readonly<Record<string, unknown>>;
  /** Where the time between two reads stands, if the object says it. */
  readonly timedAt?: string;
}
