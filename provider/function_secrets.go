package provider

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
	"github.com/lambda-land/terraform-provider-handler/sdk/secretenv"
)

// checkSecrets checks that the secrets are there, and that the SDK can make environment variables of all of them together.
func (r *functionResource) checkSecrets(ctx context.Context, plan *functionModel, diags *diag.Diagnostics) {
	owners := secretenv.Owners{}
	for i, element := range plan.Secrets.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsUnknown() || text.IsNull() {
			continue
		}
		at := path.Root("secrets").AtListIndex(i)
		if !r.checkARN(at, text, secretARN, invalidFunction, "function", diags) {
			continue
		}
		secret, err := r.cloud.SecretVariables(ctx, text.ValueString())
		if err != nil {
			tellSecret(ctx, at, text.ValueString(), err, diags)
			continue
		}
		if problems := owners.Add(secret.ARN, slices.Values(secret.Names)); len(problems) > 0 {
			blameSecret(at, secret.ARN, problems, diags)
		}
		plan.warnOfOverriding(secret, diags)
	}
}

// tellSecret says what is known of a secret that did not tell its variables.
func tellSecret(ctx context.Context, at path.Path, secretARN string, err error, diags *diag.Diagnostics) {
	if unusable, ok := errors.AsType[*cloud.UnusableSecretError](err); ok {
		blameSecret(at, unusable.ARN, unusable.Problems, diags)
		return
	}
	if empty, ok := errors.AsType[*cloud.NoSecretValueError](err); ok {
		// Its first version may be part of the same plan, or be left to an operator.
		diags.AddAttributeWarning(at, "Secret without a value", fmt.Sprintf("The secret %s has no value yet. The app cannot start before "+
			"it has one, which must be a JSON object.", empty.ARN))
		return
	}
	if cloud.IsNotFound(err) {
		diags.AddAttributeWarning(at, "Secret does not exist", sentence(err.Error())+" The app cannot start before it does and has a JSON "+
			"object as its value. Create it, or take its ARN from the resource that does.")
		return
	}
	tflog.Debug(ctx, "variables of secret are not known", map[string]any{"arn": secretARN, "error": err.Error()})
}

// blameSecret adds an error about all that is wrong with a secret.
func blameSecret(at path.Path, secretARN string, problems []secretenv.Problem, diags *diag.Diagnostics) {
	lines := []string{fmt.Sprintf("The app cannot start with the secret %s:", secretARN)}
	for _, problem := range problems {
		lines = append(lines, "- "+sentence(problem.String()))
	}
	blame(diags, at, "Unusable secret", strings.Join(lines, "\n"))
}

// warnOfOverriding says which variables of the configuration the app does not see, since a secret has them, too.
func (m *functionModel) warnOfOverriding(secret cloud.SecretVariables, diags *diag.Diagnostics) {
	environment := m.Environment.Elements()
	for _, name := range secret.Names {
		if value, configured := environment[name]; configured && !value.IsNull() {
			diags.AddAttributeWarning(path.Root("environment").AtMapKey(name), "Variable overridden by a secret", fmt.Sprintf("The secret %s "+
				"has the key %s, too. Secrets win over environment, unless the app is made with sdk.EnvironmentWins(). Remove one of the two.",
				secret.ARN, name))
		}
	}
}
