/** What a newcomer reads first. */
export const helpProlog = 'Turns queues, topics and schedules into function calls, and scales the functions from zero to what is needed and back.'

export const helpEpilogue = `First steps:
  tidegate lint k8s/            check the manifests you have; KEDA's ScaledObjects are read as they are
  tidegate run -f k8s/          run them on this machine, no cluster needed
  tidegate kinds Trigger        every field of a kind, with an example
  tidegate scalers azure-queue  every field of a scale trigger (or connectors nats: of a source)

Exit codes: 0 done, 1 there are problems, 2 the command line cannot be understood.`
