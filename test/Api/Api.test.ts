import { assert, describe, it } from "@effect/vitest"
import * as Apiextensions from "../../src/Api/apiextensions/v1.ts"
import * as Apps from "../../src/Api/apps/v1.ts"
import * as Authorization from "../../src/Api/authorization/v1.ts"
import * as Certificates from "../../src/Api/certificates/v1.ts"
import * as Core from "../../src/Api/core/v1.ts"
import * as groups from "../../src/Api/groups.ts"
import * as Policy from "../../src/Api/policy/v1.ts"
import * as Rbac from "../../src/Api/rbac/v1.ts"
import { resources } from "../../src/Api/resources.ts"
import * as schemas from "../../src/Api/schemas.ts"
import * as ObjectSchema from "../../src/Machinery/ObjectSchema.ts"
import * as Resource from "../../src/Machinery/Resource.ts"
import * as Structure from "../../src/Machinery/Structure.ts"

/** What `kubectl api-resources -o wide` prints of a resource. */
const wide = (resource: Resource.AnyResource) =>
  [
    resource.plural,
    resource.singular,
    resource.shortNames.join(","),
    Resource.apiVersion(resource),
    resource.scope === "Namespaced",
    resource.kind,
    resource.verbs.join(","),
    resource.categories.join(",")
  ].join(" ")

const all = "create,delete,deletecollection,get,list,patch,update,watch"

describe("descriptors", () => {
  it("say of well-known kinds what a server says", () => {
    const known: ReadonlyArray<readonly [Resource.AnyResource, string]> = [
      [Core.Pod, `pods pod po v1 true Pod ${all} all`],
      [Core.Namespace, "namespaces namespace ns v1 false Namespace create,delete,get,list,patch,update,watch "],
      [Core.ConfigMap, `configmaps configmap cm v1 true ConfigMap ${all} `],
      [Core.ComponentStatus, "componentstatuses componentstatus cs v1 false ComponentStatus get,list "],
      [Core.Endpoints, `endpoints endpoints ep v1 true Endpoints ${all} `],
      [Core.Binding, "bindings binding  v1 true Binding create "],
      [Apps.Deployment, `deployments deployment deploy apps/v1 true Deployment ${all} all`],
      [Apps.StatefulSet, `statefulsets statefulset sts apps/v1 true StatefulSet ${all} all`],
      [
        Rbac.ClusterRole,
        `clusterroles clusterrole  rbac.authorization.k8s.io/v1 false ClusterRole ${all} `
      ],
      [
        Policy.PodDisruptionBudget,
        `poddisruptionbudgets poddisruptionbudget pdb policy/v1 true PodDisruptionBudget ${all} `
      ],
      [
        Authorization.SubjectAccessReview,
        "subjectaccessreviews subjectaccessreview  authorization.k8s.io/v1 false SubjectAccessReview create "
      ],
      [
        Apiextensions.CustomResourceDefinition,
        "customresourcedefinitions customresourcedefinition crd,crds apiextensions.k8s.io/v1 false " +
        `CustomResourceDefinition ${all} api-extensions`
      ]
    ]
    for (const [resource, line] of known) assert.strictEqual(wide(resource), line)
  })

  it("know every subresource with the kind of its body", () => {
    const subresources = (resource: Resource.AnyResource) =>
      Object.entries(resource.subresources).map(([name, { group, kind, verbs, version }]) =>
        `${name} ${group}/${version} ${kind} ${verbs.join(",")}`
      )
    assert.deepStrictEqual(subresources(Apps.Deployment), [
      "scale autoscaling/v1 Scale get,patch,update",
      "status apps/v1 Deployment get,patch,update"
    ])
    assert.deepStrictEqual(subresources(Core.Pod), [
      "attach /v1 PodAttachOptions create,get",
      "binding /v1 Binding create",
      "ephemeralcontainers /v1 Pod get,patch,update",
      "eviction policy/v1 Eviction create",
      "exec /v1 PodExecOptions create,get",
      "log /v1 Pod get",
      "portforward /v1 PodPortForwardOptions create,get",
      "proxy /v1 PodProxyOptions create,delete,get,patch,update",
      "resize /v1 Pod get,patch,update",
      "status /v1 Pod get,patch,update"
    ])
    assert.deepStrictEqual(subresources(Core.Namespace), [
      "finalize /v1 Namespace update",
      "status /v1 Namespace get,patch,update"
    ])
    assert.deepStrictEqual(subresources(Core.ServiceAccount), ["token authentication.k8s.io/v1 TokenRequest create"])
    assert.deepStrictEqual(subresources(Certificates.CertificateSigningRequest), [
      "approval certificates.k8s.io/v1 CertificateSigningRequest get,patch,update",
      "status certificates.k8s.io/v1 CertificateSigningRequest get,patch,update"
    ])
  })

  it("name each resource once, and each table row by its plural with the capitals of its kind", () => {
    const rows = Object.values(groups).flatMap((kinds) => Object.entries<Resource.AnyResource>(kinds))
    for (const [name, resource] of rows) assert.strictEqual(name.toLowerCase(), resource.plural)
    const name = (resource: Resource.AnyResource) => `${Resource.apiVersion(resource)}/${resource.plural}`
    assert.deepStrictEqual(rows.map(([, resource]) => name(resource)).sort(), resources.map(name).sort())
    assert.strictEqual(new Set(resources.map(name)).size, 95)
  })

  it("stand under the names of client-go", () => {
    const names = Object.keys(groups)
    for (const name of ["coreV1", "appsV1", "rbacV1", "autoscalingV2", "storageV1beta1", "internalV1alpha1"]) {
      assert.include(names, name)
    }
    assert.strictEqual(groups.internalV1alpha1.storageVersions.group, "internal.apiserver.k8s.io")
    assert.strictEqual(groups.flowcontrolV1.flowSchemas.group, "flowcontrol.apiserver.k8s.io")
  })
})

describe("structures", () => {
  const at = (resource: Resource.AnyResource, ...path: ReadonlyArray<string>): Structure.Field | undefined =>
    path.reduce<{ readonly in: Structure.Structure | undefined; readonly field: Structure.Field | undefined }>(
      (here, name) => {
        const field = Structure.field(here.in, name)
        return { in: Structure.of(field), field }
      },
      { in: resource.structure, field: undefined }
    ).field

  it("lead from a kind to the facts of its innermost fields", () => {
    const { of: _, ...ports } = at(Apps.Deployment, "spec", "template", "spec", "containers", "ports") ?? {}
    assert.deepStrictEqual(ports, {
      listType: "map",
      listMapKeys: ["containerPort", "protocol"],
      patchStrategy: ["merge"],
      patchMergeKey: "containerPort"
    })
    assert.deepStrictEqual(at(Apps.Deployment, "spec", "strategy"), { patchStrategy: ["retainKeys"] })
    assert.deepStrictEqual(at(Core.Pod, "metadata", "finalizers"), { listType: "set", patchStrategy: ["merge"] })
  })

  it("say nothing of what follows the defaults", () => {
    assert.isUndefined(at(Core.Pod, "spec", "tolerations"))
    assert.isUndefined(at(Core.ConfigMap, "data"))
  })

  it("hold types that are atomic, but not where a field is granular", () => {
    assert.strictEqual(at(Core.Pod, "spec", "nodeSelector")?.atomic, true)
    assert.strictEqual(Structure.of(at(Apps.Deployment, "spec", "selector"))?.atomic, true)
    // ObjectReference is atomic; the claimRef of a volume is not.
    assert.isUndefined(at(Core.PersistentVolume, "spec", "claimRef"))
  })

  it("end at lists that are replaced whole", () => {
    assert.isUndefined(at(Apiextensions.CustomResourceDefinition, "spec", "versions"))
    const status = at(Apiextensions.CustomResourceDefinition, "status", "conditions")
    assert.deepStrictEqual(status?.listMapKeys, ["type"])
  })
})

describe("schemas", () => {
  it("are there for all 771 types and found by kind", () => {
    assert.lengthOf(Object.keys(schemas.definitions), 771)
    for (const resource of resources) {
      const schema = ObjectSchema.lookup(schemas.kinds, resource)
      assert.strictEqual(schema?.type, "object", wide(resource))
    }
    assert.isUndefined(ObjectSchema.lookup(schemas.kinds, { group: "apps", version: "v2", kind: "Deployment" }))
    assert.isUndefined(ObjectSchema.lookup(schemas.kinds, { group: "", version: "__proto__", kind: "x" }))
  })

  it("refer to nothing that is not there", () => {
    const seen = new Set<ObjectSchema.ObjectSchema>()
    const visit = (schema: ObjectSchema.ObjectSchema): void => {
      if (seen.has(schema)) return
      seen.add(schema)
      assert.isObject(schema)
      if (schema.ref !== undefined) visit(schema.ref())
      if (schema.items !== undefined) visit(schema.items)
      if (typeof schema.additionalProperties === "object") visit(schema.additionalProperties)
      for (const property of Object.values(schema.properties ?? {})) visit(property)
    }
    for (const definition of Object.values(schemas.definitions)) visit(definition())
    assert.isAbove(seen.size, 3000)
  })

  it("know defaults, enumerations, formats and what is required", () => {
    const field = (definition: string, name: string) => {
      const property = schemas.definitions[`io.k8s.api.${definition}`]?.().properties?.[name]
      return property === undefined ? undefined : ObjectSchema.resolve(property)
    }
    assert.deepStrictEqual(field("core.v1.ContainerPort", "protocol"), {
      type: "string",
      enum: ["SCTP", "TCP", "UDP"],
      default: "TCP"
    })
    assert.deepStrictEqual(field("core.v1.Secret", "data"), {
      type: "object",
      additionalProperties: { type: "string", format: "byte" }
    })
    assert.deepStrictEqual(field("coordination.v1.LeaseSpec", "renewTime"), { type: "string", format: "micro-time" })
    assert.deepStrictEqual(field("core.v1.ServicePort", "targetPort"), { "x-kubernetes-int-or-string": true })
    assert.deepStrictEqual(schemas.definitions["io.k8s.api.apps.v1.DeploymentSpec"]?.().required, [
      "selector",
      "template"
    ])
  })
})
