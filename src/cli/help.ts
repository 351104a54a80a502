/** What a newcomer reads first. */
export const helpProlog = 'Turns queues, topics and schedules into function calls, and scales the functions from zero to what is needed and back.'

export const helpEpilogue = `First steps:
  tidegate lint k8s/            check the manifests you have; KEDA's ScaledObjects are read as they are
  tidegate run -f k8s/          run them on this machine, no cluster needed
  tidegate scalers azure-queue  every field of a trigger, with an example

Exit codes: 0 done, 1 there are problems, 2 the command line cannot be understood.`
