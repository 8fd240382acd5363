"""Makes what AWS gets, in `dist/`: one zip for all functions, and one CloudFormation template."""
