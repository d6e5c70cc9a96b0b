/**
 * One small valid object of each of many kinds, for suites that treat all kinds alike.
 */
import * as Admission from "../../src/Api/admissionregistration/v1.ts"
import * as Apps from "../../src/Api/apps/v1.ts"
import * as Autoscaling from "../../src/Api/autoscaling/v2.ts"
import * as Batch from "../../src/Api/batch/v1.ts"
import * as Coordination from "../../src/Api/coordination/v1.ts"
import * as Core from "../../src/Api/core/v1.ts"
import * as Discovery from "../../src/Api/discovery/v1.ts"
import * as Events from "../../src/Api/events/v1.ts"
import * as Flow from "../../src/Api/flowcontrol/v1.ts"
import * as Networking from "../../src/Api/networking/v1.ts"
import * as Node from "../../src/Api/node/v1.ts"
import * as Policy from "../../src/Api/policy/v1.ts"
import * as Rbac from "../../src/Api/rbac/v1.ts"
import * as Dra from "../../src/Api/resource/v1.ts"
import * as Scheduling from "../../src/Api/scheduling/v1.ts"
import * as Storage from "../../src/Api/storage/v1.ts"
import type { AnyResource, KubeObject, Resource, Scope, Subresources } from "../../src/Machinery/Resource.ts"

export interface Manifest {
  readonly resource: AnyResource
  /** Without name; the fields a create in a namespace needs. */
  readonly object: (namespace: string) => { readonly [member: string]: unknown }
}

const of = <A extends KubeObject, S extends Scope, Sub extends Subresources>(
  resource: Resource<A, S, Sub>,
  object:
    | Omit<A, "apiVersion" | "kind" | "metadata">
    | ((namespace: string) => Omit<A, "apiVersion" | "kind" | "metadata">)
): Manifest => ({
  resource,
  object: (namespace) => ({ ...(typeof object === "function" ? object(namespace) : object) })
})

const labels = { app: "web" }
const selector = { matchLabels: labels }
const template = {
  metadata: { labels },
  spec: { containers: [{ name: "web", image: "web:1" }] }
} satisfies Core.PodTemplateSpec

const paused = { ...template.spec, schedulerName: "nobody" }

export const manifests: ReadonlyArray<Manifest> = [
  of(Core.ConfigMap, { data: { a: "b" } }),
  of(Core.Endpoints, { subsets: [{ addresses: [{ ip: "192.0.2.1" }], ports: [{ port: 80 }] }] }),
  of(Core.Event, (namespace) => ({
    involvedObject: { kind: "Pod", namespace, name: "web" },
    reason: "Started",
    message: "started",
    type: "Normal"
  })),
  of(Core.LimitRange, { spec: { limits: [{ type: "Container", default: { cpu: "100m" } }] } }),
  of(Core.PersistentVolumeClaim, {
    spec: {
      accessModes: ["ReadWriteOnce"],
      resources: { requests: { storage: "1Gi" } },
      storageClassName: "nobody"
    }
  }),
  of(Core.Pod, { spec: paused }),
  of(Core.PodTemplate, { template }),
  of(Core.ReplicationController, { spec: { replicas: 0, selector: labels, template } }),
  of(Core.ResourceQuota, { spec: { hard: { "count/widgets.example.com": "3" } } }),
  of(Core.Secret, { data: { password: "cGFzcw==" } }),
  of(Core.Service, { spec: { selector: labels, clusterIP: "None", ports: [{ port: 80 }] } }),
  of(Core.ServiceAccount, { automountServiceAccountToken: false }),
  of(Apps.ControllerRevision, { revision: 1, data: { spec: { replicas: 1 } } }),
  of(Apps.DaemonSet, {
    spec: { selector, template: { ...template, spec: { ...template.spec, nodeSelector: { no: "where" } } } }
  }),
  of(Apps.Deployment, { spec: { replicas: 0, selector, template } }),
  of(Apps.ReplicaSet, { spec: { replicas: 0, selector, template } }),
  of(Apps.StatefulSet, { spec: { replicas: 0, serviceName: "web", selector, template } }),
  of(Autoscaling.HorizontalPodAutoscaler, {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "nobody" },
      minReplicas: 1,
      maxReplicas: 3
    }
  }),
  of(Batch.CronJob, {
    spec: {
      schedule: "0 0 1 1 *",
      suspend: true,
      jobTemplate: { spec: { template: { spec: { ...template.spec, restartPolicy: "Never" } } } }
    }
  }),
  of(Batch.Job, { spec: { suspend: true, template: { spec: { ...template.spec, restartPolicy: "Never" } } } }),
  of(Coordination.Lease, { spec: { holderIdentity: "me", leaseDurationSeconds: 15 } }),
  of(Discovery.EndpointSlice, {
    addressType: "IPv4",
    endpoints: [{ addresses: ["192.0.2.1"] }],
    ports: [{ port: 80 }]
  }),
  of(Events.Event, (namespace) => ({
    regarding: { kind: "Pod", namespace, name: "web" },
    eventTime: "2026-01-02T03:04:05.000006Z",
    reportingController: "example.com/controller",
    reportingInstance: "controller-0",
    action: "Starting",
    reason: "Started",
    type: "Normal"
  })),
  of(Networking.Ingress, { spec: { defaultBackend: { service: { name: "web", port: { number: 80 } } } } }),
  of(Networking.NetworkPolicy, { spec: { podSelector: selector, policyTypes: ["Ingress"] } }),
  of(Policy.PodDisruptionBudget, { spec: { minAvailable: "50%", selector } }),
  of(Rbac.Role, { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] }),
  of(Rbac.RoleBinding, {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
    subjects: [{ kind: "User", name: "bob", apiGroup: "rbac.authorization.k8s.io" }]
  }),
  of(Dra.ResourceClaimTemplate, {
    spec: { spec: { devices: { requests: [{ name: "gpu", exactly: { deviceClassName: "gpu.example.com" } }] } } }
  }),
  of(Storage.CSIStorageCapacity, { storageClassName: "fast", capacity: "1Gi" }),
  of(Admission.ValidatingAdmissionPolicy, {
    spec: {
      matchConstraints: {
        resourceRules: [{
          apiGroups: ["example.com"],
          apiVersions: ["v1"],
          operations: ["CREATE"],
          resources: ["widgets"]
        }]
      },
      validations: [{ expression: "true" }]
    }
  }),
  of(Admission.ValidatingAdmissionPolicyBinding, {
    spec: { policyName: "nobody.example.com", validationActions: ["Warn"] }
  }),
  of(Flow.PriorityLevelConfiguration, {
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 1, limitResponse: { type: "Reject" } } }
  }),
  of(Networking.IngressClass, { spec: { controller: "example.com/ingress" } }),
  of(Node.RuntimeClass, { handler: "runc" }),
  of(Rbac.ClusterRole, { rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }] }),
  of(Rbac.ClusterRoleBinding, {
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reader" },
    subjects: [{ kind: "User", name: "bob", apiGroup: "rbac.authorization.k8s.io" }]
  }),
  of(Scheduling.PriorityClass, { value: 1000, description: "for tests" }),
  of(Storage.CSIDriver, { spec: { attachRequired: false } }),
  of(Storage.StorageClass, { provisioner: "example.com/disk" }),
  of(Dra.DeviceClass, { spec: { selectors: [{ cel: { expression: "device.driver == 'gpu.example.com'" } }] } })
]
