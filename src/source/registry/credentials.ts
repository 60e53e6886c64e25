/** What a registry is shown to be let in. */
export type Credentials = {
  /** Where they were found, for messages: the path of a file, or the name of a helper. */
  readonly origin: string;
} & (
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A long-lived token, exchanged for a short-lived one at the registry's token server. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A token that the registry itself takes. */
  | { readonly kind: 'registry-token'; readonly token: string }
);

/** The name under which Docker keeps the credentials of Docker Hub. */
const DOCKER_HUB_SERVER = 'https://index.docker.io/v1/';
const DOCKER_HUB_HOSTS: readonly string[] = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];

/** The host names under which credentials of a registry are kept. */
export function credentialHosts(registry: string): readonly string[] {
  return registry === 'docker.io' ? DOCKER_HUB_HOSTS : [registry];
}

/** The name by which credential helpers know a registry. */
export function credentialServer(registry: string): string {
  return registry === 'docker.io' ? DOCKER_HUB_SERVER : registry;
}
