//! Every reference in `template.yaml` names something that is there, and the check of that finds what does not.

use hb_local::template::Template;
use hb_tests::binaries::workspace;
use hb_tests::references::dangling;

fn text() -> String {
    std::fs::read_to_string(workspace().join("template.yaml")).expect("template.yaml")
}

fn dangling_in(text: &str) -> Vec<String> {
    dangling(Template::parse(text).expect("YAML").document())
}

#[test]
fn the_template_has_no_dangling_reference() {
    assert_eq!(dangling_in(&text()), Vec::<String>::new());
}

#[test]
fn a_dangling_reference_is_found_wherever_it_is() {
    let function = "/Resources/MemoriesFunction/Properties";
    for (sound, broken, expected) in [
        (
            "TENANTS_TABLE: !Ref Tenants",
            "TENANTS_TABLE: !Ref Tenant",
            "/Globals/Function/Environment/Variables/TENANTS_TABLE: Tenant is neither".to_owned(),
        ),
        (
            "Architectures: [!Ref Architecture]",
            "Architectures: [{ Ref: Architektur }]",
            "/Globals/Function/Architectures/0: Architektur is neither".to_owned(),
        ),
        (
            "Description: Memories\n",
            "Description: !Ref Nothing\n",
            format!("{function}/Description: Nothing is neither"),
        ),
        (
            "Description: Memories\n",
            "Description: !Sub \"of ${Nobody} and ${!Literal}\"\n",
            format!("{function}/Description: Nobody is neither"),
        ),
        (
            "Description: Memories\n",
            "Description: { \"Fn::Sub\": [\"${Own} ${Other}\", { Own: !Ref Missing }] }\n",
            format!("{function}/Description: Other is neither"),
        ),
        (
            "!Sub \"${Memories.Arn}/index/byUpdatedAt\"",
            "!Sub \"${Memory.Arn}/index/byUpdatedAt\"",
            "/Resource/0: Memory is no resource".to_owned(),
        ),
        (
            "Resource: !GetAtt Memories.Arn",
            "Resource: !GetAtt Architecture.Arn",
            "/Resource: Architecture is no resource".to_owned(),
        ),
        (
            "Resource: !GetAtt Memories.Arn",
            "Resource: { \"Fn::GetAtt\": [Memories, Arm] }",
            "/Resource: AWS::DynamoDB::Table is not known to have".to_owned(),
        ),
        (
            "Properties: { ApiId: !Ref Api, Method: ANY, Path: /api/v1/memories }",
            "Properties: { ApiId: !Ref Apis, Method: ANY, Path: /api/v1/memories }",
            format!("{function}/Events/Memories/Properties/ApiId: Apis is neither"),
        ),
        (
            "  Tenants:\n    Type: AWS::DynamoDB::Table\n",
            "  Tenants:\n    Type: AWS::DynamoDB::Table\n    DependsOn: [ApiKeys, Nothing]\n",
            "/Resources/Tenants/DependsOn: Nothing is no resource".to_owned(),
        ),
        (
            "Value: !GetAtt Api.ApiEndpoint",
            "Value: !Join [\"\", [!Ref \"AWS::Region\", !Ref \"AWS::Regoin\"]]",
            "/Outputs/ApiUrl/Value/1/1: AWS::Regoin is neither".to_owned(),
        ),
    ] {
        let text = text();
        assert!(text.contains(sound), "the template has no {sound}");
        let found = dangling_in(&text.replacen(sound, broken, 1));
        assert!(found.iter().any(|problem| problem.contains(&expected)), "{broken}: {found:?}");
    }
}

#[test]
fn what_is_sound_is_not_reported() {
    let sound = r#"
Parameters: { Stage: { Type: String } }
Resources:
  Table: { Type: "AWS::DynamoDB::Table" }
  Function:
    Type: AWS::Serverless::Function
    DependsOn: Table
    Properties:
      A: !Sub ["${Own}-${Stage}-${AWS::Region}-${Table.Arn}", { Own: !Ref Table }]
      B: { "Fn::Join": ["", [{ Ref: Stage }, !GetAtt [Table, StreamArn]]] }
      C: "${NotASubstitution}"
"#;
    assert_eq!(dangling_in(sound), Vec::<String>::new());
}
