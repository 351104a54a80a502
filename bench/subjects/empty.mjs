// An empty Node: what no program on Node can start faster than. With `stay` it waits to be measured and ended.
process.stdout.write('ready\n')
if (process.argv[2] === 'stay') setTimeout(() => undefined, 600_000)
