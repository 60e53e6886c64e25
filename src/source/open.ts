import type { Source } from './source.ts';
import { parseTransport, type Transport } from './transport.ts';

/** How a source is opened. */
export interface OpenOptions {
  /** The architecture wanted, in Go's terms. */
  readonly architecture: string;
  readonly signal?: AbortSignal;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Opens what a SOURCE of the command line names. Throws a SourceError.
 *
 * Each transport is loaded only when it is used: most need no network code, and starting takes less time without.
 */
export function openSource(text: string, options: OpenOptions): Promise<Source> {
  return openTransport(parseTransport(text), options);
}

async function openTransport(transport: Transport, options: OpenOptions): Promise<Source> {
  switch (transport.transport) {
    case 'dir': {
      const { openDirectory } = await import('./directory/open.ts');
      return openDirectory(transport.path, options.signal);
    }
    case 'tar': {
      const { openTarFile } = await import('./tar/open.ts');
      return openTarFile(transport.file);
    }
    case 'oci': {
      const [{ openLayoutDirectory }, { openLayoutImage }] = await Promise.all([
        import('./oci/layout-store.ts'),
        import('./oci/layout.ts'),
      ]);
      return openLayoutImage(await openLayoutDirectory(transport.directory), transport.tag, options);
    }
    case 'oci-archive': {
      const [{ openLayoutArchive }, { openLayoutImage }] = await Promise.all([
        import('./oci/layout-store.ts'),
        import('./oci/layout.ts'),
      ]);
      return openLayoutImage(await openLayoutArchive(transport.file, options.signal), transport.tag, options);
    }
    case 'docker-archive': {
      const [{ openPlainArchive }, { openArchivedImage }] = await Promise.all([
        import('./archive/plain-archive.ts'),
        import('./docker/archive.ts'),
      ]);
      const { file, reference } = transport;
      const description = `docker-archive:${file}`;
      const archive = await openPlainArchive(file, options.signal);
      return openArchivedImage(archive, { description, reference, architecture: options.architecture });
    }
    case 'docker': {
      const [{ openRegistryImage }, { parseReference }] = await Promise.all([
        import('./registry/open.ts'),
        import('./registry/reference.ts'),
      ]);
      return openRegistryImage(parseReference(transport.reference), options);
    }
    case 'docker-daemon': {
      const [{ openDaemonImage }, { parseReference }] = await Promise.all([
        import('./docker/daemon.ts'),
        import('./registry/reference.ts'),
      ]);
      return openDaemonImage(parseReference(transport.reference), options);
    }
    case 'reference': {
      const [{ openReference }, { parseReference }] = await Promise.all([
        import('./lookup.ts'),
        import('./registry/reference.ts'),
      ]);
      return openReference(parseReference(transport.reference), options);
    }
  }
}
