// Copyright 2026 The caddy-onenote Authors
// SPDX-License-Identifier: Apache-2.0

// Package kubernetes holds the manifests in deploy against the types of Kubernetes
// and against its own checks of pod security, without a cluster. It is a module of
// its own, because the product does not need those.
package kubernetes

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"
	_ "github.com/pberkel/caddy-storage-redis"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"

	_ "github.com/caddy-onenote/caddy-onenote"
)

// A manifest is what one file has.
type manifest struct {
	accounts    map[string]bool
	secrets     map[string]corev1.Secret
	configs     map[string]corev1.ConfigMap
	claims      map[string]bool
	deployments []appsv1.Deployment
	policies    []networkingv1.NetworkPolicy
}

// manifests reads each manifest in deploy. An unknown field, a repeated one or a
// value of another type is an error.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	files, err := filepath.Glob("../../deploy/kubernetes*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("manifests: got %q, %v", files, err)
	}
	all := make(map[string]manifest)
	for _, file := range files {
		all[filepath.Base(file)] = readManifest(t, file)
	}
	return all
}

func readManifest(t *testing.T, file string) manifest {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := manifest{
		accounts: make(map[string]bool),
		secrets:  make(map[string]corev1.Secret),
		configs:  make(map[string]corev1.ConfigMap),
		claims:   make(map[string]bool),
	}
	for _, document := range bytes.Split(text, []byte("\n---\n")) {
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(document, &kind); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		// The last line of a block needs its end.
		if err := m.add(kind.APIVersion+" "+kind.Kind, append(slices.Clip(document), '\n')); err != nil {
			t.Fatalf("%s: %s: %v", file, kind.Kind, err)
		}
	}
	return m
}

type unknownKind string

func (k unknownKind) Error() string { return "this test does not know " + string(k) }

func (m *manifest) add(kind string, document []byte) error {
	switch kind {
	case "v1 ServiceAccount":
		o, err := decode[corev1.ServiceAccount](document)
		m.accounts[o.Name] = true
		return err
	case "v1 Secret":
		o, err := decode[corev1.Secret](document)
		m.secrets[o.Name] = o
		return err
	case "v1 ConfigMap":
		o, err := decode[corev1.ConfigMap](document)
		m.configs[o.Name] = o
		return err
	case "v1 PersistentVolumeClaim":
		o, err := decode[corev1.PersistentVolumeClaim](document)
		m.claims[o.Name] = true
		return err
	case "apps/v1 Deployment":
		o, err := decode[appsv1.Deployment](document)
		m.deployments = append(m.deployments, o)
		return err
	case "networking.k8s.io/v1 NetworkPolicy":
		o, err := decode[networkingv1.NetworkPolicy](document)
		m.policies = append(m.policies, o)
		return err
	}
	return unknownKind(kind)
}

func decode[T any](document []byte) (o T, err error) {
	err = yaml.UnmarshalStrict(document, &o)
	return o, err
}

func TestPodsPassTheRestrictedPolicy(t *testing.T) {
	emulated := api.LatestVersion()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), &emulated)
	if err != nil {
		t.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	for file, m := range manifests(t) {
		for _, d := range m.deployments {
			pod := d.Spec.Template
			result := policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec))
			if !result.Allowed {
				t.Errorf("%s: %s", file, result.ForbiddenDetail())
			}
		}
	}
}

func TestManifestsNameWhatTheyHave(t *testing.T) {
	for file, m := range manifests(t) {
		if len(m.deployments) != 1 || len(m.policies) != 1 {
			t.Fatalf("%s: got %d deployments and %d network policies, want one of each", file, len(m.deployments), len(m.policies))
		}
		d := m.deployments[0]
		pod := d.Spec.Template
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(pod.Labels)) {
			t.Errorf("%s: selector %v, %v does not match the pod's labels %v", file, selector, err, pod.Labels)
		}
		policed, err := metav1.LabelSelectorAsSelector(&m.policies[0].Spec.PodSelector)
		if err != nil || policed.Empty() || !policed.Matches(labels.Set(pod.Labels)) {
			t.Errorf("%s: the network policy's selector %v, %v does not match the pod's labels %v", file, policed, err, pod.Labels)
		}
		if !m.accounts[pod.Spec.ServiceAccountName] {
			t.Errorf("%s: there is no ServiceAccount %q", file, pod.Spec.ServiceAccountName)
		}
		volumes := m.checkVolumes(t, file, pod.Spec.Volumes)
		for _, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
			m.checkContainer(t, file, c, volumes)
		}
	}
}

func (m *manifest) checkVolumes(t *testing.T, file string, volumes []corev1.Volume) (names []string) {
	t.Helper()
	for _, v := range volumes {
		names = append(names, v.Name)
		if v.ConfigMap != nil && m.configs[v.ConfigMap.Name].Name == "" {
			t.Errorf("%s: volume %s: there is no ConfigMap %s", file, v.Name, v.ConfigMap.Name)
		}
		if v.PersistentVolumeClaim != nil && !m.claims[v.PersistentVolumeClaim.ClaimName] {
			t.Errorf("%s: volume %s: there is no claim %s", file, v.Name, v.PersistentVolumeClaim.ClaimName)
		}
	}
	return names
}

func (m *manifest) checkContainer(t *testing.T, file string, c corev1.Container, volumes []string) {
	t.Helper()
	for _, mount := range c.VolumeMounts {
		if !slices.Contains(volumes, mount.Name) {
			t.Errorf("%s: %s: there is no volume %s", file, c.Name, mount.Name)
		}
	}
	for _, e := range c.Env {
		if e.ValueFrom == nil {
			continue
		}
		ref := e.ValueFrom.SecretKeyRef
		if _, ok := m.secrets[ref.Name].StringData[ref.Key]; !ok {
			t.Errorf("%s: %s: %s: there is no secret %s with the key %s", file, c.Name, e.Name, ref.Name, ref.Key)
		}
	}
	if c.Resources.Requests.Memory().IsZero() || c.Resources.Limits.Memory().IsZero() {
		t.Errorf("%s: %s has no request and limit of memory", file, c.Name)
	}
	for kind, probe := range map[string]*corev1.Probe{"startup": c.StartupProbe, "liveness": c.LivenessProbe, "readiness": c.ReadinessProbe} {
		if probe == nil {
			continue
		}
		if !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == probe.HTTPGet.Port.StrVal }) {
			t.Errorf("%s: %s: the %s probe names no port of the container: %s", file, c.Name, kind, &probe.HTTPGet.Port)
		}
	}
}

// The app must not start before the proxy, nor stop after it.
func TestProxyIsNativeSidecarWithProbes(t *testing.T) {
	for file, m := range manifests(t) {
		init := m.deployments[0].Spec.Template.Spec.InitContainers
		i := slices.IndexFunc(init, func(c corev1.Container) bool { return c.Name == "onenote" })
		if i < 0 || init[i].RestartPolicy == nil || *init[i].RestartPolicy != corev1.ContainerRestartPolicyAlways {
			t.Errorf("%s: got %d init containers, want one named onenote with restartPolicy Always", file, len(init))
			continue
		}
		c := init[i]
		if c.StartupProbe == nil || c.LivenessProbe == nil || c.ReadinessProbe == nil {
			t.Fatalf("%s: a probe is missing", file)
		}
		if got := c.LivenessProbe.HTTPGet.Path; got != "/healthz" {
			t.Errorf("%s: liveness: got %s, want /healthz: a restart signs nobody in", file, got)
		}
		if got := c.ReadinessProbe.HTTPGet.Path; got != "/readyz" {
			t.Errorf("%s: readiness: got %s, want /readyz", file, got)
		}
	}
}

var placeholder = regexp.MustCompile(`\{env\.([A-Z_]+)\}`)

// injected are the variables that the webhook of Azure's workload identity sets.
var injected = []string{"AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"}

// The Caddyfiles adapt with the modules that the files tell people to build in, and
// their variables are set.
func TestCaddyfilesOfManifestsAdapt(t *testing.T) {
	for file, m := range manifests(t) {
		config := m.configs["onenote-caddyfile"].Data["Caddyfile"]
		if config == "" {
			t.Fatalf("%s: there is no Caddyfile", file)
		}
		_, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(config), map[string]any{"filename": "Caddyfile"})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: got %v, %v", file, warnings, err)
		}
		var set []string
		for _, e := range m.deployments[0].Spec.Template.Spec.InitContainers[0].Env {
			set = append(set, e.Name)
		}
		for _, name := range placeholder.FindAllStringSubmatch(config, -1) {
			if !slices.Contains(slices.Concat(set, injected), name[1]) {
				t.Errorf("%s: nobody sets %s", file, name[1])
			}
		}
	}
}

// Several pods with storage of their own would each refresh, and each sign in.
func TestSeveralPodsShareStorage(t *testing.T) {
	for file, m := range manifests(t) {
		shared := strings.Contains(m.configs["onenote-caddyfile"].Data["Caddyfile"], "storage redis")
		if replicas := *m.deployments[0].Spec.Replicas; replicas > 1 && !shared {
			t.Errorf("%s: %d pods have no storage in common", file, replicas)
		}
	}
}
