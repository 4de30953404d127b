package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/compare"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"
)

// emptyPlan checks that an applied configuration needs no further change.
func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestAccReset(t *testing.T) {
	acceptance(t)
	const address = "handler_reset.test"
	changes := statecheck.CompareValue(compare.ValuesDiffer())
	id := func() []statecheck.StateCheck {
		return []statecheck.StateCheck{changes.AddStateValue(address, tfjsonpath.New("id"))}
	}
	resource.Test(t, resource.TestCase{
		ProtoV6ProviderFactories: factories(),
		Steps: []resource.TestStep{
			{Config: `resource "handler_reset" "test" {}`, ConfigPlanChecks: emptyPlan(), ConfigStateChecks: id()},
			{ResourceName: address, ImportState: true, ImportStateVerify: true},
			{
				Config:            `resource "handler_reset" "test" { triggers = { version = "1" } }`,
				ConfigPlanChecks:  emptyPlan(),
				ConfigStateChecks: id(),
			},
			{
				Config:            `resource "handler_reset" "test" { triggers = { version = "2" } }`,
				ConfigPlanChecks:  emptyPlan(),
				ConfigStateChecks: id(),
			},
			{
				Taint:             []string{address},
				Config:            `resource "handler_reset" "test" { triggers = { version = "2" } }`,
				ConfigPlanChecks:  emptyPlan(),
				ConfigStateChecks: id(),
			},
		},
	})
}
