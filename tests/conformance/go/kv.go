package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/hashicorp/vault/api"
)

var (
	ctx    = context.Background()
	first  = object{"user": "ann", "pass": "one"}
	second = object{"user": "ann", "pass": "two"}
	third  = object{"user": "ann", "pass": "three"}
)

func kv1() {
	kv := client.KVv1("kv1")
	step("kv1-enable", func() {
		check(client.Sys().Mount("kv1", &api.MountInput{Type: "kv", Options: map[string]string{"version": "1"}}))
	})
	step("kv1-write-read", func() {
		check(kv.Put(ctx, "app", object{"user": "ann", "count": 7}))
		found := must(kv.Get(ctx, "app"))
		same(found.Data, object{"user": "ann", "count": 7})
		same([]any{found.Raw.LeaseDuration, found.Raw.LeaseID}, []any{2764800, ""})
	})
	step("kv1-overwrite", func() {
		check(kv.Put(ctx, "app", object{"user": "bob"}))
		same(must(kv.Get(ctx, "app")).Data, object{"user": "bob"})
	})
	step("kv1-list", func() {
		check(kv.Put(ctx, "dir/inner", object{"a": "b"}))
		same(list("kv1"), []string{"app", "dir/"})
	})
	step("kv1-delete", func() {
		check(kv.Delete(ctx, "app"))
		_, err := kv.Get(ctx, "app")
		holds(errors.Is(err, api.ErrSecretNotFound), "no secret")
		same(list("kv1"), []string{"dir/"})
	})
	step("kv1-delete-last", func() {
		check(kv.Delete(ctx, "dir/inner"))
		same(list("kv1"), nil)
	})
}

func version(path string, number int) object {
	return must(client.KVv2("secret").GetVersion(ctx, path, number)).Data
}

// absent expects no data: the client maps the 404 of an absent version to an error, and the 404 of a deleted one to nil data.
func absent(path string, number int) {
	found, err := client.KVv2("secret").GetVersion(ctx, path, number)
	if err != nil {
		holds(errors.Is(err, api.ErrSecretNotFound), "ErrSecretNotFound, got "+err.Error())
		return
	}
	holds(found.Data == nil, "no data")
}

func versions(path string) []string {
	found := []string{}
	for number := range must(client.KVv2("secret").GetMetadata(ctx, path)).Versions {
		found = append(found, number)
	}
	slices.Sort(found)
	return found
}

func kv2() {
	step("kv2-enable", func() {
		check(client.Sys().Mount("secret", &api.MountInput{Type: "kv", Options: map[string]string{"version": "2"}}))
	})
	step("kv2-config", func() {
		write("secret/config", object{"max_versions": 5})
		same(part(read("secret/config"), "max_versions", "cas_required", "delete_version_after"),
			object{"max_versions": 5, "cas_required": false, "delete_version_after": "0s"})
	})
	kv2Write()
	kv2Patch()
	kv2Delete()
	kv2Metadata()
}

func kv2Write() {
	kv := client.KVv2("secret")
	step("kv2-write", func() {
		found := must(kv.Put(ctx, "app", first)).VersionMetadata
		same([]any{found.Version, found.Destroyed, found.DeletionTime.IsZero(), found.CreatedTime.IsZero()},
			[]any{1, false, true, false})
	})
	step("kv2-read", func() {
		found := must(kv.Get(ctx, "app"))
		same(found.Data, first)
		same([]any{found.VersionMetadata.Version, found.VersionMetadata.Destroyed, found.CustomMetadata}, []any{1, false, nil})
	})
	step("kv2-read-version", func() {
		same(must(kv.Put(ctx, "app", second)).VersionMetadata.Version, 2)
		same([]object{must(kv.Get(ctx, "app")).Data, version("app", 1)}, []object{second, first})
	})
	step("kv2-missing", func() {
		absent("nothing", 0)
		absent("app", 9)
	})
	step("kv2-cas", func() {
		_, err := kv.Put(ctx, "app", third, api.WithCheckAndSet(1))
		refused(http.StatusBadRequest, err, "did not match the current version")
		same(must(kv.Put(ctx, "app", third, api.WithCheckAndSet(2))).VersionMetadata.Version, 3)
		same(must(kv.Put(ctx, "fresh", first, api.WithCheckAndSet(0))).VersionMetadata.Version, 1)
		_, err = kv.Put(ctx, "fresh", first, api.WithCheckAndSet(0))
		refused(http.StatusBadRequest, err, "did not match the current version")
	})
}

func kv2Patch() {
	kv := client.KVv2("secret")
	step("kv2-patch", func() {
		same(must(kv.Patch(ctx, "app", object{"more": "x"}, api.WithMergeMethod(api.KVMergeMethodPatch))).VersionMetadata.Version, 4)
		same(version("app", 0), object{"user": "ann", "pass": "three", "more": "x"})
	})
	step("kv2-patch-null", func() {
		same(must(kv.Patch(ctx, "app", object{"more": nil})).VersionMetadata.Version, 5)
		same(version("app", 0), third)
	})
	step("kv2-subkeys", func() {
		same(read("secret/subkeys/app")["subkeys"], object{"user": nil, "pass": nil})
	})
}

func kv2Delete() {
	kv := client.KVv2("secret")
	step("kv2-delete-latest", func() {
		check(kv.Delete(ctx, "app"))
		deleted := must(kv.Get(ctx, "app"))
		holds(deleted.Data == nil && !deleted.VersionMetadata.DeletionTime.IsZero(), "a deletion_time in the body of the 404")
		same(must(kv.GetVersion(ctx, "app", 4)).VersionMetadata.Version, 4)
	})
	step("kv2-undelete", func() {
		check(kv.Undelete(ctx, "app", []int{5}))
		same(version("app", 0), third)
	})
	step("kv2-delete-versions", func() {
		check(kv.DeleteVersions(ctx, "app", []int{3, 4}))
		absent("app", 3)
		absent("app", 4)
		metadata := must(kv.GetMetadata(ctx, "app"))
		for number, deleted := range []bool{false, false, true, true, false} {
			same(!metadata.Versions[strconv.Itoa(number+1)].DeletionTime.IsZero(), deleted)
		}
	})
	step("kv2-destroy", func() {
		check(kv.Destroy(ctx, "app", []int{4}))
		check(kv.Undelete(ctx, "app", []int{4}))
		same(must(kv.GetMetadata(ctx, "app")).Versions["4"].Destroyed, true)
		absent("app", 4)
	})
}

func kv2Metadata() {
	kv := client.KVv2("secret")
	step("kv2-metadata", func() {
		found := must(kv.GetMetadata(ctx, "app"))
		same([]any{found.CurrentVersion, found.MaxVersions, found.CASRequired}, []any{5, 0, false})
		same(versions("app"), []string{"1", "2", "3", "4", "5"})
		holds(!found.UpdatedTime.Before(found.CreatedTime), "times in order")
	})
	step("kv2-custom-metadata", func() {
		check(kv.PutMetadata(ctx, "app", api.KVMetadataPutInput{CustomMetadata: object{"owner": "ann"}}))
		same(must(kv.GetMetadata(ctx, "app")).CustomMetadata, object{"owner": "ann"})
	})
	step("kv2-custom-metadata-patch", func() {
		check(kv.PatchMetadata(ctx, "app", api.KVMetadataPatchInput{CustomMetadata: object{"team": "core"}}))
		same(must(kv.Get(ctx, "app")).CustomMetadata, object{"owner": "ann", "team": "core"})
	})
	step("kv2-max-versions", func() {
		for count := range 6 {
			must(kv.Put(ctx, "bounded", object{"count": count}))
		}
		absent("bounded", 1)
		same(versions("bounded"), []string{"2", "3", "4", "5", "6"})
		same(must(kv.GetMetadata(ctx, "bounded")).OldestVersion, 2)
	})
	step("kv2-cas-required", func() {
		check(kv.PutMetadata(ctx, "guarded", api.KVMetadataPutInput{CASRequired: true}))
		_, err := kv.Put(ctx, "guarded", first)
		refused(http.StatusBadRequest, err, "check-and-set parameter required")
		same(must(kv.Put(ctx, "guarded", first, api.WithCheckAndSet(0))).VersionMetadata.Version, 1)
	})
	step("kv2-big-number", func() {
		must(kv.Put(ctx, "number", object{"n": uint64(9007199254740993), "deep": []uint64{12345678901234567890}}))
		found := version("number", 0)
		check(kv.DeleteMetadata(ctx, "number"))
		same(found, object{"n": uint64(9007199254740993), "deep": []uint64{12345678901234567890}})
	})
	step("kv2-list", func() {
		must(kv.Put(ctx, "dir/inner", first))
		same(list("secret/metadata"), []string{"app", "bounded", "dir/", "fresh", "guarded"})
		same(list("secret/metadata/dir"), []string{"inner"})
	})
	step("kv2-delete-metadata", func() {
		check(kv.DeleteMetadata(ctx, "fresh"))
		absent("fresh", 0)
		same(list("secret/metadata"), []string{"app", "bounded", "dir/", "guarded"})
	})
}
