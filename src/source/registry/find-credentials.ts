import { authFilePaths, readAuthFile, storedCredentials } from './auth-file.ts';
import { helperCredentials } from './credential-helper.ts';
import { type Credentials, credentialHosts, credentialServer } from './credentials.ts';

/**
 * The credentials that a person has given for a repository with `docker login` or `podman login`; undefined if there
 * are none. In each file a helper for the registry comes first, then the file's own entries, then its general helper.
 *
 * @throws SourceError where a file or helper fails.
 */
export async function findCredentials(
  registry: string,
  repository: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Credentials | undefined> {
  const server = credentialServer(registry);
  for (const path of authFilePaths(environment)) {
    const file = await readAuthFile(path);
    if (file === undefined) continue;
    const helpers = new Map(Object.entries(file.credHelpers ?? {}));
    const ownHelper = [server, ...credentialHosts(registry)].map((key) => helpers.get(key)).find(Boolean);
    const found =
      (ownHelper && (await helperCredentials(ownHelper, server, path, environment, signal))) ||
      storedCredentials(file, registry, repository) ||
      (file.credsStore && (await helperCredentials(file.credsStore, server, path, environment, signal)));
    if (found) return found;
  }
  return undefined;
}
