/**
 * What the server refuses in cron jobs, ingresses, budgets, autoscalers, roles and resources of pods, in its very words.
 */
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { DaemonSet, Deployment, StatefulSet } from "../../src/Api/apps/v1.ts"
import { HorizontalPodAutoscaler } from "../../src/Api/autoscaling/v2.ts"
import { CronJob } from "../../src/Api/batch/v1.ts"
import { Lease } from "../../src/Api/coordination/v1.ts"
import {
  ConfigMap,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  ReplicationController,
  Service
} from "../../src/Api/core/v1.ts"
import { Ingress, NetworkPolicy } from "../../src/Api/networking/v1.ts"
import { PodDisruptionBudget } from "../../src/Api/policy/v1.ts"
import { ClusterRole, Role, RoleBinding } from "../../src/Api/rbac/v1.ts"
import * as DynamicClient from "../../src/Dynamic/DynamicClient.ts"
import type { Kubernetes } from "../../src/Kubernetes.ts"
import type { AnyResource } from "../../src/Machinery/Resource.ts"

const cronJob = (schedule: string, more: object = {}) => ({
  schedule,
  jobTemplate: {
    spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } }
  },
  ...more
})
const invalidSchedule = (schedule: string, why: string) =>
  [{ spec: cronJob(schedule) }, `spec.schedule: Invalid value: ${JSON.stringify(schedule)}: ${why}`] as const

const rule = (path: object) => ({ rules: [{ host: "a.example.com", http: { paths: [path] } }] })
const backend = (port: object, name = "web") => ({ service: { name, port } })
const first = "spec.rules[0].http.paths[0]"

const target = { apiVersion: "apps/v1", kind: "Deployment", name: "x" }

const limited = (requests: object, limits: object = {}) => ({
  containers: [{ name: "c", image: "i", resources: { requests, limits } }]
})
const subject = { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "ada" }

const app = { app: "web" }
const template = { metadata: { labels: app }, spec: { containers: [{ name: "c", image: "i" }] } }

const selecting = (expression: object) => ({
  spec: { template, selector: { matchLabels: app, matchExpressions: [expression] } }
})
const claim = (more: object) => ({
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...more }
})

/** An object without its name, and what is wrong with it; nothing where nothing is. */
type Case = readonly [object: object, refusal?: string]

const cases: Array<readonly [resource: AnyResource, kind: string, cases: ReadonlyArray<Case>]> = [
  [CronJob, "CronJob.batch", [
    ...["* * * * *", "*/5 0-6 1,15 jan-mar mon", "@hourly", "@every 1h30m", "5/10 * * * *", "0 0 ? * *"].map((each) =>
      [{ spec: cronJob(each) }] as const
    ),
    invalidSchedule("not cron", "expected exactly 5 fields, found 2: [not cron]"),
    invalidSchedule("60 * * * *", "end of range (60) above maximum (59): 60"),
    invalidSchedule("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
    invalidSchedule("* * * foo *", `failed to parse int from foo: strconv.Atoi: parsing "foo": invalid syntax`),
    invalidSchedule("*/0 * * * *", "step of range should be a positive number: */0"),
    invalidSchedule("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
    invalidSchedule("1-2-3 * * * *", "too many hyphens: 1-2-3"),
    invalidSchedule("1/2/3 * * * *", "too many slashes: 1/2/3"),
    invalidSchedule("@sometimes", "unrecognized descriptor: @sometimes"),
    invalidSchedule("CRON_TZ=UTC * * * * *", "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
    [
      { spec: cronJob("* * * * *", { startingDeadlineSeconds: -1 }) },
      "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0"
    ]
  ]],
  [Ingress, "Ingress.networking.k8s.io", [
    [{ spec: {} }, "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"],
    [{ spec: rule({ path: "/a", pathType: "Prefix", backend: backend({ number: 80 }) }) }],
    [{ spec: rule({ pathType: "ImplementationSpecific", backend: backend({ name: "http" }) }) }],
    [
      { spec: rule({ path: "a", pathType: "Prefix", backend: backend({ number: 80 }) }) },
      `${first}.path: Invalid value: "a": must be an absolute path`
    ],
    [
      { spec: rule({ path: "/a//b", pathType: "Exact", backend: backend({ number: 80 }) }) },
      `${first}.path: Invalid value: "/a//b": must not contain '//'`
    ],
    [
      { spec: rule({ path: "/a", pathType: "Prefix", backend: {} }) },
      `${first}.backend: Invalid value: "": resource or service backend is required`
    ],
    [
      { spec: rule({ path: "/a", pathType: "Prefix", backend: backend({}) }) },
      `${first}.backend: Required value: port name or number is required`
    ],
    [
      { spec: rule({ path: "/a", pathType: "Prefix", backend: backend({ number: 1, name: "a" }) }) },
      `${first}.backend: Invalid value: "": cannot set both port name & port number`
    ],
    [
      { spec: { rules: [{ host: "10.0.0.1" }] } },
      "spec.rules[0].host: Invalid value: \"10.0.0.1\": must be a DNS name, not an IP address"
    ]
  ]],
  [PodDisruptionBudget, "PodDisruptionBudget.policy", [
    [{ spec: { minAvailable: "50%" } }],
    [{ spec: { minAvailable: "150%" } }, "spec.minAvailable: Invalid value: \"150%\": must not be greater than 100%"],
    [{ spec: { maxUnavailable: -1 } }, "spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"]
  ]],
  [HorizontalPodAutoscaler, "HorizontalPodAutoscaler.autoscaling", [
    [{ spec: { maxReplicas: 3, scaleTargetRef: target } }],
    [
      { spec: { maxReplicas: 0, scaleTargetRef: target } },
      "[spec.maxReplicas: Required value: must be set and greater than 0, spec.maxReplicas: Invalid value: 0: " +
      "must be greater than or equal to `minReplicas`]"
    ],
    [
      { spec: { minReplicas: 5, maxReplicas: 3, scaleTargetRef: target } },
      "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"
    ],
    [
      { spec: { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "a/b" } } },
      "[spec.scaleTargetRef.name: Invalid value: \"a/b\": may not contain '/', spec.scaleTargetRef.apiVersion: " +
      "Invalid value: \"\": apiVersion must specify API group]"
    ]
  ]],
  [ClusterRole, "ClusterRole.rbac.authorization.k8s.io", [
    [{ rules: [{ verbs: ["get"], nonResourceURLs: ["/healthz"] }] }],
    [
      { rules: [{ verbs: [] }] },
      "[rules[0].verbs: Required value: verbs must contain at least one value, rules[0].apiGroups: Required value: " +
      "resource rules must supply at least one api group, rules[0].resources: Required value: resource rules must " +
      "supply at least one resource]"
    ],
    [
      { rules: [{ verbs: ["get"], nonResourceURLs: ["/x"], resources: ["pods"] }] },
      "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and " +
      "non-resource URLs"
    ]
  ]],
  [Role, "Role.rbac.authorization.k8s.io", [
    [{ rules: [{ verbs: ["get"], apiGroups: [""], resources: ["pods"] }] }],
    [
      { rules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }] },
      "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs"
    ]
  ]],
  [RoleBinding, "RoleBinding.rbac.authorization.k8s.io", [
    [
      { roleRef: { apiGroup: subject.apiGroup, kind: "Group", name: "r" }, subjects: [subject] },
      "roleRef.kind: Unsupported value: \"Group\": supported values: \"Role\", \"ClusterRole\""
    ],
    [
      {
        roleRef: { apiGroup: subject.apiGroup, kind: "Role", name: "r" },
        subjects: [subject, { ...subject, kind: "Robot" }]
      },
      "subjects[1].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\""
    ]
  ]],
  [Deployment, "Deployment.apps", [
    [{ spec: { selector: { matchLabels: app }, strategy: { type: "Recreate" }, template } }],
    [
      { spec: { selector: { matchLabels: app }, strategy: { type: "Recreate", rollingUpdate: {} }, template } },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"
    ]
  ]],
  [Service, "Service", [
    [
      { spec: { ports: [{ name: "a", port: 1 }, { name: "b", port: 2 }, { name: "a", port: 3 }] } },
      "spec.ports[2].name: Duplicate value: \"a\""
    ]
  ]],
  [Pod, "Pod", [
    [
      {
        spec: {
          containers: [{
            name: "c",
            image: "i",
            ports: [{ name: "a", containerPort: 1 }, { name: "a", containerPort: 2 }]
          }]
        }
      },
      "spec.containers[0].ports[1].name: Duplicate value: \"a\""
    ],
    [{ spec: limited({ cpu: "500m", memory: "1Gi" }, { cpu: 1, memory: "1024Mi" }) }],
    [
      { spec: limited({ cpu: "2" }, { cpu: "1500m" }) },
      "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1500m"
    ],
    [
      { spec: limited({ cpu: -1 }) },
      "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be greater than or equal to 0"
    ]
  ]]
]

const finalized = (...finalizers: ReadonlyArray<string>) => ({ metadata: { name: "x", finalizers } })
const unqualified =
  `metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified`

const policy = (selector: object) => ({ spec: { podSelector: selector } })

cases.push(
  [ReplicationController, "ReplicationController", [
    [{ spec: { selector: app, template } }],
    [{ spec: { template } }],
    [
      { spec: { selector: { app: "db" }, template } },
      "spec.template.metadata.labels: Invalid value: {\"app\":\"web\"}: `selector` does not match template `labels`"
    ]
  ]],
  [PodTemplate, "PodTemplate", [
    [{ template }],
    [{ template: { metadata: {}, spec: {} } }, "template.spec.containers: Required value"]
  ]],
  [NetworkPolicy, "NetworkPolicy.networking.k8s.io", [
    [policy({ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] })],
    [
      policy({ matchExpressions: [{ key: "app", operator: "Is" }] }),
      `spec.podSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator`
    ]
  ]],
  [DaemonSet, "DaemonSet.apps", [
    [
      selecting({ key: "app", operator: "Is", values: ["web"] }),
      `spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator`
    ],
    [
      selecting({ key: "app", operator: "In" }),
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"
    ],
    [selecting({ key: "app", operator: "Exists" })],
    [{ spec: { template, selector: {} } }, "spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]
  ]],
  [StatefulSet, "StatefulSet.apps", [
    [{ spec: { template, selector: { matchLabels: app }, serviceName: "web", revisionHistoryLimit: -1 } }],
    [
      { spec: { template, selector: { matchLabels: app }, serviceName: "web", replicas: -1 } },
      "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    ]
  ]],
  [PersistentVolumeClaim, "PersistentVolumeClaim", [
    [claim({})],
    [
      claim({ accessModes: ["ReadWriteOnce", "Sometimes"] }),
      `spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"`
    ]
  ]],
  [ConfigMap, "ConfigMap", [[finalized("mine"), unqualified], [finalized("example.com/mine")]]],
  [Lease, "Lease.coordination.k8s.io", [[finalized("mine")], [finalized("example.com/mine")]]]
)

export const suite = (name: string, layer: Layer.Layer<Kubernetes, unknown>): void =>
  withLayer(layer, { excludeTestServices: true, timeout: 60_000 })(`Refusals (${name})`, (it) => {
    for (const [resource, kind, each] of cases) {
      it.effect(`a ${resource.kind} is refused with the field and the reason, or not at all`, () =>
        Effect.gen(function*() {
          const client = (yield* DynamicClient.DynamicClient).resource(resource, "default")
          for (const [object, refusal] of each) {
            const outcome = yield* client.create({
              apiVersion: resource.group === "" ? resource.version : `${resource.group}/${resource.version}`,
              kind: resource.kind,
              metadata: { name: "x" },
              ...object
            }, { dryRun: "All" }).pipe(
              Effect.as("accepted"),
              Effect.catch((error) =>
                Effect.succeed(error._tag === "ApiError" ? error.reason.status.message : error.message)
              )
            )
            const wanted = refusal === undefined ? "accepted" : `${kind} "x" is invalid: ${refusal}`
            assert.strictEqual(outcome, wanted, JSON.stringify(object))
          }
        }))
    }
  })
