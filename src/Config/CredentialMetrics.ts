/**
 * What credentials count: the plugin metrics of client-go under its names, labels and buckets, and one of our own for
 * every refresh.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"

/**
 * Runs of exec plugins. `code` is the exit code, 1 where the plugin did not run, 0 only for success; `call_status` is
 * `no_error`, `plugin_execution_error`, `plugin_not_found_error` or `client_internal_error`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const execPluginCalls = Metric.counter("rest_client_exec_plugin_call_total", {
  description: "Number of calls to an exec plugin, by exit code and kind of outcome.",
  incremental: true
})

/**
 * Comparisons of an exec plugin with the policy, by `result` (`allowed`, `denied`). client-go 0.36 declares this metric
 * with two labels, gives it one value and never registers it.
 *
 * @category metrics
 * @since 0.1.0
 */
export const execPluginPolicyCalls = Metric.counter("rest_client_exec_plugin_policy_call_total", {
  description: "Number of comparisons of an exec plugin with the plugin policy, by result.",
  incremental: true
})

/**
 * Seconds until the first client certificate of an exec plugin expires; negative when it has, infinite where there is
 * none. Read when metrics are read.
 *
 * @category metrics
 * @since 0.1.0
 */
export const execPluginTtl = Metric.gauge("rest_client_exec_plugin_ttl_seconds", {
  description: "Seconds until the first client certificate of an exec plugin expires."
})

/**
 * The age in seconds that client certificates of exec plugins had when they were replaced.
 *
 * @category metrics
 * @since 0.1.0
 */
export const execPluginRotationAge = Metric.histogram("rest_client_exec_plugin_certificate_rotation_age", {
  description: "Age in seconds of the client certificates of exec plugins at their replacement.",
  boundaries: [600, 1800, 3600, 14400, 86400, 604800, 2592000, 7776000, 15552000, 31104000, 124416000]
})

/**
 * Attempts to renew a credential, by `source` (`TokenFile`, `CertificateFiles`, `Exec`, `Oidc`) and `result` (`success`,
 * `error`, and `kept` where the old one stays in use after a failure).
 *
 * @category metrics
 * @since 0.1.0
 */
export const refreshes = Metric.counter("rest_client_credential_refresh_total", {
  description: "Number of attempts to renew a credential, by source and result.",
  incremental: true
})
