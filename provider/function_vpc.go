package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/lambda-land/terraform-provider-handler/provider/cloud"
)

type vpcModel struct {
	SubnetIDs        types.Set  `tfsdk:"subnet_ids"`
	SecurityGroupIDs types.Set  `tfsdk:"security_group_ids"`
	IPv6             types.Bool `tfsdk:"ipv6"`
}

var vpcTypes = map[string]attr.Type{
	"subnet_ids":         types.SetType{ElemType: types.StringType},
	"security_group_ids": types.SetType{ElemType: types.StringType},
	"ipv6":               types.BoolType,
}

// vpc returns where the function has network interfaces, as far as that is known.
func (m *functionModel) vpc(ctx context.Context, diags *diag.Diagnostics) cloud.VPC {
	if m.VPC.IsNull() || m.VPC.IsUnknown() {
		return cloud.VPC{}
	}
	var model vpcModel
	diags.Append(m.VPC.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	return cloud.VPC{
		SubnetIDs:        listTexts(model.SubnetIDs),
		SecurityGroupIDs: listTexts(model.SecurityGroupIDs),
		IPv6:             model.IPv6.ValueBool(),
	}
}

func vpcObject(vpc cloud.VPC) types.Object {
	if !vpc.Is() {
		return types.ObjectNull(vpcTypes)
	}
	return types.ObjectValueMust(vpcTypes, map[string]attr.Value{
		"subnet_ids":         textSet(vpc.SubnetIDs),
		"security_group_ids": textSet(vpc.SecurityGroupIDs),
		"ipv6":               types.BoolValue(vpc.IPv6),
	})
}
