/**
 * The pods of the replay, as text with room for a version: about 1.9 KB each, with managedFields about 5 KB.
 *
 * `Plain` events change the version alone, as a heartbeat does; `Wild` ones carry managedFields, as pods do; `Spec` ones
 * change the spec each time.
 */
export type Profile = "Plain" | "Wild" | "Spec"

const managedFields = (index: number) =>
  ["kube-controller-manager", "kube-scheduler", "kubelet"].map((manager, i) => ({
    manager,
    operation: "Update",
    apiVersion: "v1",
    time: `2026-01-01T00:${String(index % 60).padStart(2, "0")}:0${i}Z`,
    fieldsType: "FieldsV1",
    fieldsV1: i === 1
      ? {
        "f:status": {
          "f:conditions": {
            ".": {},
            "k:{\"type\":\"PodScheduled\"}": {
              ".": {},
              "f:lastProbeTime": {},
              "f:lastTransitionTime": {},
              "f:status": {},
              "f:type": {}
            }
          }
        }
      }
      : {
        "f:metadata": {
          "f:generateName": {},
          "f:labels": { ".": {}, "f:app": {}, "f:pod-template-hash": {} },
          "f:ownerReferences": { ".": {}, "k:{\"uid\":\"6f3b1a52-13f5-4d8c-9a53-0e5a5d1f7c11\"}": {} }
        },
        "f:spec": {
          "f:containers": {
            "k:{\"name\":\"web\"}": {
              ".": {},
              "f:image": {},
              "f:imagePullPolicy": {},
              "f:name": {},
              "f:ports": {
                ".": {},
                "k:{\"containerPort\":8080,\"protocol\":\"TCP\"}": {
                  ".": {},
                  "f:containerPort": {},
                  "f:name": {},
                  "f:protocol": {}
                }
              },
              "f:readinessProbe": {
                ".": {},
                "f:failureThreshold": {},
                "f:httpGet": { ".": {}, "f:path": {}, "f:port": {}, "f:scheme": {} },
                "f:periodSeconds": {},
                "f:successThreshold": {},
                "f:timeoutSeconds": {}
              },
              "f:resources": {
                ".": {},
                "f:limits": { ".": {}, "f:memory": {} },
                "f:requests": { ".": {}, "f:cpu": {}, "f:memory": {} }
              },
              "f:terminationMessagePath": {},
              "f:terminationMessagePolicy": {}
            }
          },
          "f:dnsPolicy": {},
          "f:enableServiceLinks": {},
          "f:restartPolicy": {},
          "f:schedulerName": {},
          "f:securityContext": {},
          "f:terminationGracePeriodSeconds": {}
        }
      },
    ...(i === 0 ? {} : { subresource: "status" })
  }))

export const pod = (index: number, version: string, profile: Profile, round: number, name?: string) => ({
  kind: "Pod",
  apiVersion: "v1",
  metadata: {
    name: name ?? `web-7c5ddbdf54-${String(index).padStart(5, "0")}`,
    generateName: "web-7c5ddbdf54-",
    namespace: `team-${index % 40}`,
    uid: `b8d3c2f0-5a7e-4c1d-9e2b-${String(index).padStart(12, "0")}`,
    resourceVersion: version,
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: { app: "web", "pod-template-hash": "7c5ddbdf54" },
    ownerReferences: [{
      apiVersion: "apps/v1",
      kind: "ReplicaSet",
      name: "web-7c5ddbdf54",
      uid: "6f3b1a52-13f5-4d8c-9a53-0e5a5d1f7c11",
      controller: true,
      blockOwnerDeletion: true
    }],
    ...(profile === "Wild" ? { managedFields: managedFields(index) } : {})
  },
  spec: {
    volumes: [{
      name: "kube-api-access",
      projected: {
        sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: "token" } }, {
          configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] }
        }],
        defaultMode: 420
      }
    }],
    containers: [{
      name: "web",
      image: `registry.example.com/team/web:1.${profile === "Spec" ? String(round).padStart(7, "0") : "0000000"}`,
      ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
      resources: { limits: { memory: "256Mi" }, requests: { cpu: "100m", memory: "128Mi" } },
      volumeMounts: [{
        name: "kube-api-access",
        readOnly: true,
        mountPath: "/var/run/secrets/kubernetes.io/serviceaccount"
      }],
      terminationMessagePath: "/dev/termination-log",
      terminationMessagePolicy: "File",
      imagePullPolicy: "IfNotPresent"
    }],
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    serviceAccountName: "default",
    nodeName: `node-${index % 200}`,
    schedulerName: "default-scheduler"
  },
  status: {
    phase: "Running",
    conditions: ["Initialized", "Ready", "PodScheduled"].map((type) => ({
      type,
      status: "True",
      lastTransitionTime: "2026-01-01T00:00:00Z"
    })),
    hostIP: "10.0.0.1",
    podIP: `10.1.${index % 250}.${Math.floor(index / 250) % 250}`,
    startTime: "2026-01-01T00:00:00Z",
    containerStatuses: [{
      name: "web",
      ready: true,
      restartCount: 0,
      image: "registry.example.com/team/web",
      imageID: "sha256:4f1c",
      containerID: "containerd://9e1b",
      started: true
    }],
    qosClass: "Burstable"
  }
})
