import manifest from '../../package.json' with { type: 'json' }

/** Version of this Tidegate. */
export const version: string = manifest.version
