/** Types that KEDA's scaler builder knows (keda.md; KEDA 2.20), so that a type we lack is told from a typing error. */
const kedaScalers: ReadonlySet<string> = new Set(`
  activemq apache-kafka arangodb artemis-queue aws-cloudwatch aws-dynamodb aws-dynamodb-streams aws-kinesis-stream aws-sqs-queue
  azure-app-insights azure-blob azure-data-explorer azure-eventhub azure-log-analytics azure-monitor azure-pipelines azure-queue
  azure-servicebus beanstalkd cassandra couchdb cpu cron datadog dynatrace elasticsearch etcd external external-mock external-push
  forgejo-runner gcp-cloudtasks gcp-pubsub gcp-stackdriver gcp-storage github-runner graphite huawei-cloudeye ibmmq influxdb kafka
  kubernetes-resource kubernetes-workload liiklus loki memory metrics-api mongodb mssql mysql nats-jetstream new-relic nsq openstack-metric
  openstack-swift postgresql predictkube prometheus pulsar rabbitmq redis redis-cluster redis-cluster-streams redis-sentinel
  redis-sentinel-streams redis-streams selenium-grid solace-event-queue solarwinds solr splunk splunk-observability stan sumologic temporal
`.trim().split(/\s+/))

export const isKedaScaler = (type: string): boolean => kedaScalers.has(type)
